//! `evidence(log_file, log_line, request_time)`: log lines to look at, for each group.

use std::cmp::Ordering;
use std::mem::size_of;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, ListArray, StringArray, StringViewArray,
    StringViewBuilder, StructArray,
};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes::{
    DataType, Field, FieldRef, Fields, Int64Type, TimeUnit, TimestampMicrosecondType,
};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, DocSection, Documentation, EmitTo, GroupsAccumulator,
    Signature, Volatility,
};

use super::interner::TextInterner;

/// Maximum number of lines per group.
const MAX_LINES: usize = 3;

/// `evidence(log_file, log_line, request_time)`.
pub(super) fn evidence() -> AggregateUDF {
    let documentation = Documentation::builder(
        DocSection { include: true, label: "Access logs", description: None },
        "Up to three lines of the group as `log_file:log_line`: the first two and the last by time. Lines of the same \
         time are ordered by file and line, so that the result is reproducible. Rows without file or line are ignored",
        "evidence(log_file, log_line, request_time)",
    )
    .with_argument("log_file", "Text")
    .with_argument("log_line", "Integer")
    .with_argument("request_time", "Timestamp")
    .build();
    AggregateUDF::from(Evidence { signature: Signature::user_defined(Volatility::Immutable), documentation })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Evidence {
    signature: Signature,
    documentation: Documentation,
}

fn state_columns() -> Fields {
    Fields::from(vec![
        Field::new("time", DataType::Int64, false),
        Field::new("file", DataType::Utf8View, false),
        Field::new("line", DataType::Int64, false),
    ])
}

fn list_of(of: DataType) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(of, true)))
}

impl AggregateUDFImpl for Evidence {
    fn name(&self) -> &'static str {
        "evidence"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match given {
            [file, line, DataType::Timestamp(_, zone)]
                if (file.is_string() || file.is_null()) && (line.is_integer() || line.is_null()) =>
            {
                let time = DataType::Timestamp(TimeUnit::Microsecond, zone.clone());
                Ok(vec![DataType::Utf8View, DataType::Int64, time])
            }
            _ => plan_err!("evidence takes log_file, log_line and request_time"),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(list_of(DataType::Utf8))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let lines = list_of(DataType::Struct(state_columns()));
        Ok(vec![Arc::new(Field::new(format_state_name(args.name, "lines"), lines, true))])
    }

    fn accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(SingleGroup(Groups::default())))
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs<'_>) -> bool {
        true
    }

    fn create_groups_accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Groups::default()))
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }
}

/// A line; lines without a time sort last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct EvidenceLine {
    time: i64,
    file: u32,
    line: i64,
}

/// The lines kept for a group, in order.
#[derive(Clone, Copy, Debug, Default)]
struct GroupLines {
    lines: [EvidenceLine; MAX_LINES],
    count: usize,
}

/// State of all groups.
#[derive(Default)]
struct Groups {
    files: TextInterner,
    groups: Vec<GroupLines>,
    /// The file of the previous row; most rows have the same.
    last: Option<u32>,
}

impl Groups {
    fn number(&mut self, file: &str) -> Result<u32> {
        match self.last {
            Some(last) if self.files.text(last) == file => Ok(last),
            _ => {
                let number = self.files.number(file)?;
                self.last = Some(number);
                Ok(number)
            }
        }
    }

    fn compare(&self, a: &EvidenceLine, b: &EvidenceLine) -> Ordering {
        let names = || {
            if a.file == b.file {
                Ordering::Equal
            } else {
                self.files.text(a.file).cmp(self.files.text(b.file))
            }
        };
        a.time.cmp(&b.time).then_with(names).then(a.line.cmp(&b.line))
    }

    fn add(&mut self, group: usize, line: EvidenceLine) {
        let kept = self.groups[group];
        let lines = &kept.lines[..kept.count];
        if kept.count == MAX_LINES
            && line.time > lines[MAX_LINES - 2].time
            && line.time < lines[MAX_LINES - 1].time
        {
            return;
        }
        let Err(at) = lines.binary_search_by(|kept| self.compare(kept, &line)) else { return };
        let kept = &mut self.groups[group];
        if kept.count < MAX_LINES {
            kept.lines[at..=kept.count].rotate_right(1);
            kept.lines[at] = line;
            kept.count += 1;
        } else if at == MAX_LINES {
            kept.lines[MAX_LINES - 1] = line;
        } else if at < MAX_LINES - 1 {
            // All but the last move up, and the one before the last is dropped.
            kept.lines[at..MAX_LINES - 1].rotate_right(1);
            kept.lines[at] = line;
        }
    }

    fn take(&mut self, emit_to: EmitTo) -> Vec<GroupLines> {
        emit_to.take_needed(&mut self.groups)
    }
}

impl GroupsAccumulator for Groups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.groups.resize(total, GroupLines::default());
        let rows = Rows::from_arrays(values);
        for (row, group) in groups.iter().enumerate() {
            if rows.is_wanted(filter, row) {
                let file = self.number(rows.files.value(row))?;
                self.add(*group, EvidenceLine { time: rows.time(row), file, line: rows.lines.value(row) });
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.groups.resize(total, GroupLines::default());
        let lists = states[0].as_list::<i32>();
        let columns = lists.values().as_struct();
        let times = columns.column(0).as_primitive::<Int64Type>();
        let files = columns.column(1).as_string_view();
        let lines = columns.column(2).as_primitive::<Int64Type>();
        for (row, group) in groups.iter().enumerate().filter(|(row, _)| lists.is_valid(*row)) {
            for at in lists.value_offsets()[row] as usize..lists.value_offsets()[row + 1] as usize {
                let file = self.number(files.value(at))?;
                self.add(*group, EvidenceLine { time: times.value(at), file, line: lines.value(at) });
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let groups = self.take(emit_to);
        let lines = groups.iter().flat_map(|kept| &kept.lines[..kept.count]);
        let places: StringArray =
            lines.map(|line| Some(format!("{}:{}", self.files.text(line.file), line.line))).collect();
        lists(groups.iter().map(|kept| kept.count), DataType::Utf8, Arc::new(places))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let groups = self.take(emit_to);
        let lines: Vec<&EvidenceLine> = groups.iter().flat_map(|kept| &kept.lines[..kept.count]).collect();
        let mut files = StringViewBuilder::with_capacity(lines.len()).with_deduplicate_strings();
        lines.iter().for_each(|line| files.append_value(self.files.text(line.file)));
        let times = Int64Array::from_iter_values(lines.iter().map(|line| line.time));
        let numbers = Int64Array::from_iter_values(lines.iter().map(|line| line.line));
        state(groups.iter().map(|kept| kept.count), times, files.finish(), numbers)
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let rows = Rows::from_arrays(values);
        let count = values[0].len();
        let wanted: Vec<usize> = (0..count).filter(|row| rows.is_wanted(filter, *row)).collect();
        let times = Int64Array::from_iter_values(wanted.iter().map(|row| rows.time(*row)));
        let files: StringViewArray = wanted.iter().map(|row| Some(rows.files.value(*row))).collect();
        let lines = Int64Array::from_iter_values(wanted.iter().map(|row| rows.lines.value(*row)));
        let lengths = (0..count).map(|row| usize::from(rows.is_wanted(filter, row)));
        state(lengths, times, files, lines)
    }

    fn size(&self) -> usize {
        self.files.size() + size_of::<GroupLines>() * self.groups.capacity()
    }
}

/// The arguments of a batch.
struct Rows<'a> {
    files: &'a StringViewArray,
    lines: &'a Int64Array,
    times: &'a datafusion::arrow::array::TimestampMicrosecondArray,
}

impl<'a> Rows<'a> {
    fn from_arrays(values: &'a [ArrayRef]) -> Self {
        Self {
            files: values[0].as_string_view(),
            lines: values[1].as_primitive(),
            times: values[2].as_primitive::<TimestampMicrosecondType>(),
        }
    }

    fn is_wanted(&self, filter: Option<&BooleanArray>, row: usize) -> bool {
        self.files.is_valid(row)
            && self.lines.is_valid(row)
            && filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row))
    }

    fn time(&self, row: usize) -> i64 {
        if self.times.is_valid(row) { self.times.value(row) } else { i64::MAX }
    }
}

fn state(
    lengths: impl IntoIterator<Item = usize>,
    times: Int64Array,
    files: StringViewArray,
    lines: Int64Array,
) -> Result<Vec<ArrayRef>> {
    let columns: Vec<ArrayRef> = vec![Arc::new(times), Arc::new(files), Arc::new(lines)];
    let rows = StructArray::try_new(state_columns(), columns, None)?;
    Ok(vec![lists(lengths, DataType::Struct(state_columns()), Arc::new(rows))?])
}

fn lists(lengths: impl IntoIterator<Item = usize>, of: DataType, values: ArrayRef) -> Result<ArrayRef> {
    let field = Arc::new(Field::new_list_field(of, true));
    Ok(Arc::new(ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), values, None)?))
}

/// Without GROUP BY: all rows form one group.
struct SingleGroup(Groups);

impl std::fmt::Debug for SingleGroup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("evidence")
    }
}

impl Accumulator for SingleGroup {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.0.update_batch(values, &vec![0; values[0].len()], None, 1)
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.0.merge_batch(states, &vec![0; states[0].len()], 1)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.0.groups.resize(1, GroupLines::default());
        let states = self.0.state(EmitTo::All)?;
        states.iter().map(|state| ScalarValue::try_from_array(state, 0)).collect()
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.0.groups.resize(1, GroupLines::default());
        ScalarValue::try_from_array(&self.0.evaluate(EmitTo::All)?, 0)
    }

    fn size(&self) -> usize {
        self.0.size()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use datafusion::prelude::SessionContext;

    use crate::functions::register_all;
    use crate::functions::test_answer::answer;

    /// Many rows with the same time, rows without a file, filters, single-row groups, two phases.
    #[tokio::test]
    async fn the_first_two_and_the_last_are_kept() {
        let rows =
            "SELECT n % 4001 AS g, CASE WHEN n % 13 = 0 THEN NULL ELSE 'file ' || (n * 7 % 31) END AS f,
                           n % 1009 AS l, to_timestamp_micros(n * n % 17) AS t, n % 3 = 0 AS odd
                    FROM (SELECT unnest(generate_series(1, 40000)) AS n)";
        let ours = format!(
            "SELECT g, evidence(f, l, t) AS a, evidence(f, l, t) FILTER (WHERE odd) AS b FROM ({rows}) GROUP BY g ORDER BY g"
        );
        let all = "array_agg(f || ':' || l ORDER BY t, f, l)";
        let three = |list: &str| {
            format!(
                "CASE WHEN {list} IS NULL THEN make_array() WHEN cardinality({list}) <= 3 THEN {list} ELSE make_array({list}[1], {list}[2], {list}[-1]) END"
            )
        };
        let theirs = format!(
            "SELECT g, {} AS a, {} AS b FROM (
                SELECT g, {all} FILTER (WHERE f IS NOT NULL) AS a, {all} FILTER (WHERE f IS NOT NULL AND odd) AS b
                FROM ({rows}) GROUP BY g) ORDER BY g",
            three("a"),
            three("b")
        );
        let ours = answer(&ours).await;
        assert!(ours.lines().count() > 4001);
        assert_eq!(ours, answer(&theirs).await);
    }

    #[tokio::test]
    async fn without_groups_all_rows_are_one() {
        let text = answer(
            "SELECT evidence(f, n, t) AS e FROM (SELECT 'a' AS f, n, to_timestamp_micros(5 - n) AS t
             FROM (SELECT unnest(generate_series(1, 5)) AS n))",
        )
        .await;
        assert!(text.contains("[a:5, a:4, a:1]"), "{text}");
        let text = answer("SELECT evidence('a', 1, to_timestamp_micros(5)) AS e WHERE false").await;
        assert!(text.contains("[]"), "{text}");
    }

    #[tokio::test]
    async fn other_arguments_are_refused() {
        let context = SessionContext::new();
        register_all(&context);
        let problem = context.sql("SELECT evidence('a', 'b', 1)").await.unwrap_err().to_string();
        assert!(problem.contains("evidence takes log_file, log_line and request_time"), "{problem}");
    }
}
