"""The dependencies of the command: a CycloneDX list of its crates, and their licences as text.

usage: sbom.py --target TRIPLE --sbom FILE --licences FILE
"""

import argparse
import datetime
import hashlib
import json
import os
import pathlib
import re
import subprocess
import tomllib
import uuid

LICENCE = re.compile(r"^(licen[cs]e|copying|notice|unlicense|copyright)", re.IGNORECASE)


def cargo(*arguments: str) -> str:
    return subprocess.run(["cargo", *arguments], check=True, capture_output=True, text=True).stdout


def built_in(target: str) -> tuple[dict, list[dict], dict[str, list[str]]]:
    """The command, the crates linked into it by name, and their dependencies."""
    metadata = json.loads(cargo("metadata", "--locked", "--format-version", "1", "--filter-platform", target))
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    root = next(package for package in metadata["packages"] if package["name"] == "saltmine")
    uses: dict[str, list[str]] = {}
    todo = [root["id"]]
    while todo:
        this = todo.pop()
        if this in uses:
            continue
        normal = [
            dependency["pkg"]
            for dependency in nodes[this]["deps"]
            if any(kind["kind"] is None for kind in dependency["dep_kinds"])
        ]
        uses[this] = sorted(normal)
        todo.extend(normal)
    # Other crates in the metadata belong to disabled features.
    tree = cargo("tree", "--locked", "--package", "saltmine", "--target", target, "--edges", "normal", "--prefix", "none")
    linked = {tuple(line.split()[:2]) for line in tree.splitlines() if line.strip()}
    crates = [
        packages[id]
        for id in uses
        if id != root["id"] and (packages[id]["name"], "v" + packages[id]["version"]) in linked
    ]
    crates.sort(key=lambda crate: (crate["name"], crate["version"]))
    return root, crates, uses


def checksums() -> dict[tuple[str, str], str]:
    lock = tomllib.loads(pathlib.Path("Cargo.lock").read_text())
    return {(p["name"], p["version"]): p["checksum"] for p in lock["package"] if "checksum" in p}


def reference(package: dict) -> str:
    return f"pkg:cargo/{package['name']}@{package['version']}"


def component(package: dict, kind: str, sums: dict[tuple[str, str], str]) -> dict:
    found = {
        "type": kind,
        "bom-ref": reference(package),
        "name": package["name"],
        "version": package["version"],
        "purl": reference(package),
    }
    if package.get("description"):
        found["description"] = " ".join(package["description"].split())
    if package.get("license"):
        found["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    checksum = sums.get((package["name"], package["version"]))
    if checksum:
        found["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if package.get("repository"):
        found["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return found


def sbom(root: dict, crates: list[dict], uses: dict[str, list[str]], target: str) -> dict:
    sums = checksums()
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    time = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    names = {crate["id"]: reference(crate) for crate in [root, *crates]}
    dependencies = [
        {"ref": names[id], "dependsOn": sorted(names[other] for other in others if other in names)}
        for id, others in uses.items()
        if id in names
    ]
    components = [component(crate, "library", sums) for crate in crates]
    seed = hashlib.sha256(json.dumps([components, target], sort_keys=True).encode()).hexdigest()
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, seed)}",
        "version": 1,
        "metadata": {
            "timestamp": time,
            "component": component(root, "application", sums),
            "properties": [{"name": "target", "value": target}],
        },
        "components": components,
        "dependencies": sorted(dependencies, key=lambda entry: entry["ref"]),
    }


def licences(crates: list[dict]) -> str:
    """The licence texts, each once, below the names of the crates that have it."""
    texts: dict[str, list[str]] = {}
    without = []
    for crate in crates:
        if crate["source"] is None:
            continue
        folder = pathlib.Path(crate["manifest_path"]).parent
        files = sorted(file for file in folder.iterdir() if file.is_file() and LICENCE.match(file.name))
        name = f"{crate['name']} {crate['version']} ({crate.get('license') or 'see its licence file'})"
        if not files:
            without.append(name)
        for file in files:
            text = file.read_text(errors="replace").replace("\r\n", "\n").strip()
            texts.setdefault(text, []).append(name)
    rule = "=" * 80
    parts = ["The licences of the crates that saltmine is linked with."]
    for text, names in sorted(texts.items(), key=lambda entry: entry[1]):
        parts.append(f"{rule}\n" + "\n".join(dict.fromkeys(names)) + f"\n{rule}\n\n{text}")
    if without:
        parts.append(f"{rule}\nWithout a licence file of their own; the licences they name are among the above:\n{rule}\n\n" + "\n".join(without))
    return "\n\n".join(parts) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--target", required=True)
    parser.add_argument("--sbom", required=True, type=pathlib.Path)
    parser.add_argument("--licences", required=True, type=pathlib.Path)
    options = parser.parse_args()
    root, crates, uses = built_in(options.target)
    options.sbom.write_text(json.dumps(sbom(root, crates, uses, options.target), indent=1) + "\n")
    options.licences.write_text(licences(crates))
    print(f"{len(crates)} crates in {options.sbom.name}")


if __name__ == "__main__":
    main()
