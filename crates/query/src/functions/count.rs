//! `count(DISTINCT text)` for many groups. DataFusion's implementation keeps a hash set of about ten kilobytes per
//! group, which takes gigabytes for a query by requester, address and hour. Everything else of `count` is DataFusion's.

use std::mem::size_of;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, ListArray, StringViewArray, StringViewBuilder,
};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::compute::{cast, filter as filter_array};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue};
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, StatisticsArgs,
};
use foldhash::fast::RandomState;
use hashbrown::HashSet;

use super::inner::as_inner;
use super::interner::TextInterner;

/// `count` with its own grouped count of distinct texts.
pub(super) fn count() -> AggregateUDF {
    AggregateUDF::from(Count { inner: count_udaf() })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Count {
    inner: Arc<AggregateUDF>,
}

impl Count {
    fn is_supported(args: &AccumulatorArgs<'_>) -> bool {
        args.is_distinct
            && matches!(args.expr_fields, [field] if matches!(field.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View))
    }
}

impl AggregateUDFImpl for Count {
    as_inner!();

    fn is_nullable(&self) -> bool {
        self.inner.is_nullable()
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        self.inner.state_fields(args)
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        self.inner.accumulator(args)
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        Self::is_supported(&args) || self.inner.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        if Self::is_supported(&args) {
            return Ok(Box::new(DistinctTexts::new(args.expr_fields[0].data_type().clone())));
        }
        self.inner.create_groups_accumulator(args)
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        self.inner.create_sliding_accumulator(args)
    }

    fn default_value(&self, data_type: &DataType) -> Result<ScalarValue> {
        self.inner.default_value(data_type)
    }

    fn value_from_stats(&self, args: &StatisticsArgs<'_>) -> Option<ScalarValue> {
        self.inner.value_from_stats(args)
    }
}

/// Stores each text once, whatever the number of groups that have it; a pair of group and text takes eight bytes.
struct DistinctTexts {
    /// The type of the input texts, which is also that of the state.
    data_type: DataType,
    texts: TextInterner,
    pairs: HashSet<u64, RandomState>,
    counts: Vec<i64>,
}

impl DistinctTexts {
    fn new(data_type: DataType) -> Self {
        Self { data_type, texts: TextInterner::default(), pairs: HashSet::default(), counts: Vec::new() }
    }

    fn add(&mut self, group: usize, text: &str) -> Result<()> {
        let number = self.texts.number(text)?;
        if self.pairs.insert((group as u64) << 32 | u64::from(number)) {
            self.counts[group] += 1;
        }
        Ok(())
    }

    /// Removes the emitted groups and renumbers the others.
    fn remove_emitted(&mut self, emit_to: EmitTo) {
        match emit_to {
            EmitTo::All => *self = Self::new(self.data_type.clone()),
            EmitTo::First(count) => {
                let gone = (count as u64) << 32;
                self.pairs = self.pairs.iter().filter_map(|pair| pair.checked_sub(gone)).collect();
            }
        }
    }
}

impl GroupsAccumulator for DistinctTexts {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.counts.resize(total, 0);
        let texts = cast(&values[0], &DataType::Utf8View)?;
        let texts: &StringViewArray = texts.as_string_view();
        for (row, group) in groups.iter().enumerate() {
            let is_wanted = filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
            if is_wanted && texts.is_valid(row) {
                self.add(*group, texts.value(row))?;
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, values: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.counts.resize(total, 0);
        let lists = values[0].as_list::<i32>();
        let texts = cast(lists.values(), &DataType::Utf8View)?;
        let texts: &StringViewArray = texts.as_string_view();
        for (row, group) in groups.iter().enumerate() {
            let range = lists.value_offsets()[row] as usize..lists.value_offsets()[row + 1] as usize;
            for index in range.filter(|index| texts.is_valid(*index)) {
                self.add(*group, texts.value(index))?;
            }
        }
        Ok(())
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let rows = values[0].len();
        let is_wanted = |row: usize| {
            values[0].is_valid(row) && filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row))
        };
        let wanted = BooleanArray::from_iter((0..rows).map(|row| Some(is_wanted(row))));
        let offsets = OffsetBuffer::from_lengths((0..rows).map(|row| usize::from(wanted.value(row))));
        let field = Arc::new(Field::new_list_field(self.data_type.clone(), true));
        let texts = filter_array(&values[0], &wanted)?;
        Ok(vec![Arc::new(ListArray::try_new(field, offsets, texts, None)?)])
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let counts = emit_to.take_needed(&mut self.counts);
        self.remove_emitted(emit_to);
        Ok(Arc::new(Int64Array::from(counts)))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let counts = emit_to.take_needed(&mut self.counts);
        let end = (counts.len() as u64) << 32;
        let mut pairs: Vec<u64> = self.pairs.iter().copied().filter(|pair| *pair < end).collect();
        pairs.sort_unstable();
        let mut texts = StringViewBuilder::with_capacity(pairs.len());
        for pair in pairs {
            texts.append_value(self.texts.text(pair as u32));
        }
        let texts = cast(&(Arc::new(texts.finish()) as ArrayRef), &self.data_type)?;
        let offsets = OffsetBuffer::from_lengths(counts.iter().map(|count| *count as usize));
        let field = Arc::new(Field::new_list_field(self.data_type.clone(), true));
        self.remove_emitted(emit_to);
        Ok(vec![Arc::new(ListArray::try_new(field, offsets, texts, None)?)])
    }

    fn size(&self) -> usize {
        self.texts.size() + self.pairs.allocation_size() + size_of::<i64>() * self.counts.capacity()
    }
}
