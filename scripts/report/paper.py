"""A report on paper."""

import io
import unicodedata

from pypdf import PdfReader


def check(opened, title):
    """Print the page; return the number of printed pages."""
    page = opened.page
    digest = page.locator("#about .origin dd").nth(2).inner_text()[:16]
    content = page.pdf(format="A4")
    opened.close()
    # Fonts have one glyph for fi.
    texts = [unicodedata.normalize("NFKC", leaf.extract_text()) for leaf in PdfReader(io.BytesIO(content)).pages]
    for number, text in enumerate(texts, 1):
        assert title in text and digest in text, (number, text[-300:])
        assert f"Page {number} of {len(texts)}" in text, (number, text[-300:])
    first = texts[0]
    for words in ["What happened", "Still going on?", "Do first", "backup-operator/sess-4471", "16.3 GB"]:
        assert words in first, (words, first)
    whole = "\n".join(texts)
    assert "The first 15 of" in whole and "\u2195" not in whole
    # A table across pages repeats its headings.
    lists = [text for text in texts if "/part-" in text and "Bytes read" not in text and "Key" not in text]
    assert not lists, lists[0]
    return len(texts)
