"""pyarrow, pandas, Polars and DuckDB read answers, without copying where they can."""

import duckdb
import pandas
import polars
import pyarrow
import pyarrow.compute
import pytest

import saltmine

COLUMNS = ["remote_ip", "request_time", "http_status", "bytes_sent", "key"]


@pytest.fixture(scope="module")
def table(attack):
    order = ", ".join(COLUMNS)
    return saltmine.query(f"SELECT {order} FROM logs ORDER BY log_file, log_line", attack).collect()


def addresses(array):
    """Addresses of the buffers of an array."""
    return [buffer and buffer.address for buffer in array.buffers()]


def chunks(column):
    return [addresses(chunk) for chunk in column.chunks]


def test_schemas(table, attack):
    schema = pyarrow.schema(table)
    assert schema.names == COLUMNS == table.column_names
    assert schema.field("request_time").type == pyarrow.timestamp("us", "UTC")
    assert schema.field("remote_ip").type == pyarrow.string_view()
    assert schema.field("http_status").type == pyarrow.int16()
    assert pyarrow.schema(saltmine.scan(attack, columns=COLUMNS)) == schema
    assert "remote_ip Utf8View" in repr(table)


def test_pyarrow_copies_nothing(table):
    one, two = pyarrow.table(table), pyarrow.table(table)
    assert one.num_rows == len(table) > 0
    for name in COLUMNS:
        assert chunks(one[name]) == chunks(two[name]) and chunks(one[name])[0][1], name


def test_a_batch_copies_nothing(attack):
    rows = saltmine.scan(attack, columns=COLUMNS)
    total = 0
    for batch in rows:
        one, two = pyarrow.record_batch(batch), pyarrow.record_batch(batch)
        assert pyarrow.schema(batch) == one.schema and batch.num_rows == one.num_rows == len(batch)
        for name in COLUMNS:
            assert addresses(one[name]) == addresses(two[name]), name
        total += one.num_rows
    assert total == rows.collect().num_rows


def test_polars_copies_nothing(table):
    own, frame = pyarrow.table(table), polars.DataFrame(table)
    assert frame["http_status"].n_chunks() == own["http_status"].num_chunks
    for name in ("request_time", "http_status", "bytes_sent"):
        # Compare the values only: Polars may allocate its own null bitmap.
        taken = [polars_chunk.to_arrow().buffers()[1].address for polars_chunk in frame[name].get_chunks()]
        assert taken == [chunk.buffers()[1].address for chunk in own[name].chunks], name
    assert frame["key"].to_list() == own["key"].to_pylist()


def test_pandas_copies_nothing(table):
    own = pyarrow.table(table)
    frame = own.to_pandas(types_mapper=pandas.ArrowDtype)
    for name in COLUMNS:
        assert chunks(frame[name].array.__arrow_array__()) == chunks(own[name]), name
    taken = pandas.DataFrame.from_arrow(table)
    assert taken["key"].isna().sum() == own["key"].null_count
    assert taken["bytes_sent"].sum() == pyarrow.compute.sum(own["bytes_sent"]).as_py()


def test_duckdb_reads_the_stream(table, command, attack):
    sql = "SELECT remote_ip, count(*) AS n, sum(bytes_sent)::BIGINT AS bytes FROM {} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 9"
    rows = saltmine.scan(attack, columns=COLUMNS)
    expected = command.rows(attack, sql.format("logs"))
    for relation in ("table", "rows", "rows"):  # the query runs again on each read
        answer = duckdb.sql(sql.format(f'"{relation}"')).pl().to_dicts()
        assert answer == expected


def test_requested_types_are_used(table):
    for text in (pyarrow.string(), pyarrow.large_string()):
        wanted = pyarrow.schema(
            [
                ("remote_ip", text),
                ("request_time", pyarrow.timestamp("ms", "UTC")),
                ("http_status", pyarrow.int32()),
                ("bytes_sent", pyarrow.float64()),
                ("key", text),
            ]
        )
        taken = pyarrow.RecordBatchReader.from_stream(table, schema=wanted).read_all()
        assert taken.schema == wanted
        assert taken["key"].to_pylist() == pyarrow.table(table)["key"].to_pylist()


def test_an_overflow_is_an_error(attack):
    rows = saltmine.query("SELECT 70000 AS n", attack)
    with pytest.raises(pyarrow.ArrowException, match="70000"):
        pyarrow.RecordBatchReader.from_stream(rows, schema=pyarrow.schema([("n", pyarrow.int16())])).read_all()


def test_an_empty_answer_has_a_schema(attack):
    nothing = saltmine.query("SELECT key, bytes_sent FROM logs WHERE false", attack)
    assert pyarrow.table(nothing).schema.names == polars.DataFrame(nothing).columns == ["key", "bytes_sent"]


def test_rows_are_read_on_demand(corpus):
    """A reader that stops early leaves most of the files unread."""
    rows = saltmine.scan(corpus, columns=["key"], threads=1)
    reader = pyarrow.RecordBatchReader.from_stream(rows)
    assert reader.read_next_batch().num_rows > 0
    del reader
    first = next(iter(rows))
    assert 0 < first.num_rows < 20_000
