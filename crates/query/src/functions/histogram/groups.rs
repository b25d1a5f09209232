//! Accumulators of DataFusion's aggregation.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryBuilder, BooleanArray, Int64Array, StringArray,
};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};

use super::values::Values;

/// Without GROUP BY.
#[derive(Debug)]
pub(super) struct SingleGroup {
    values: Values,
    answer: ResultKind,
}

impl SingleGroup {
    pub(super) fn new(answer: ResultKind) -> Self {
        Self { values: Values::default(), answer }
    }
}

impl Accumulator for SingleGroup {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let values = values[0].as_primitive::<Int64Type>();
        values.iter().flatten().try_for_each(|value| self.values.record(value))
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let states = states[0].as_binary::<i32>();
        states.iter().flatten().try_for_each(|state| self.values.merge(state))
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Binary(Some(self.values.state()?))])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        ScalarValue::try_from_array(&self.answer.array(std::slice::from_ref(&self.values))?, 0)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.values.size()
    }
}

/// With GROUP BY.
#[derive(Debug)]
pub(super) struct Groups {
    groups: Vec<Values>,
    /// Memory of the groups beside the vector, tracked as they grow.
    bytes: usize,
    answer: ResultKind,
}

impl Groups {
    pub(super) fn new(answer: ResultKind) -> Self {
        Self { groups: Vec::new(), bytes: 0, answer }
    }

    fn change(&mut self, group: usize, change: impl FnOnce(&mut Values) -> Result<()>) -> Result<()> {
        let values = &mut self.groups[group];
        let before = values.size();
        change(values)?;
        self.bytes = (self.bytes + values.size()).saturating_sub(before);
        Ok(())
    }

    fn take(&mut self, emit_to: EmitTo) -> Vec<Values> {
        let taken = emit_to.take_needed(&mut self.groups);
        let bytes: usize = taken.iter().map(Values::size).sum();
        self.bytes = self.bytes.saturating_sub(bytes);
        taken
    }
}

impl GroupsAccumulator for Groups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        filter: Option<&BooleanArray>,
        groups: usize,
    ) -> Result<()> {
        self.groups.resize_with(groups, Values::default);
        let values = values[0].as_primitive::<Int64Type>();
        for (row, group) in group_indices.iter().enumerate() {
            if is_wanted(values, filter, row) {
                let value = values.value(row);
                self.change(*group, |group| group.record(value))?;
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef], group_indices: &[usize], groups: usize) -> Result<()> {
        self.groups.resize_with(groups, Values::default);
        let states = states[0].as_binary::<i32>();
        for (row, group) in group_indices.iter().enumerate() {
            if states.is_valid(row) {
                self.change(*group, |group| group.merge(states.value(row)))?;
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let groups = self.take(emit_to);
        self.answer.array(&groups)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let mut states = BinaryBuilder::new();
        for group in self.take(emit_to) {
            states.append_value(group.state()?);
        }
        Ok(vec![Arc::new(states.finish())])
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let values = values[0].as_primitive::<Int64Type>();
        let mut states = BinaryBuilder::with_capacity(values.len(), values.len() * 9);
        for row in 0..values.len() {
            let mut group = Values::default();
            if is_wanted(values, filter, row) {
                group.record(values.value(row))?;
            }
            states.append_value(group.state()?);
        }
        let states: BinaryArray = states.finish();
        Ok(vec![Arc::new(states)])
    }

    fn size(&self) -> usize {
        self.groups.capacity() * size_of::<Values>() + self.bytes
    }
}

fn is_wanted(values: &Int64Array, filter: Option<&BooleanArray>, row: usize) -> bool {
    values.is_valid(row) && filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row))
}

/// What to compute from a group's values.
#[derive(Clone, Copy, Debug)]
pub(super) enum ResultKind {
    Quantile(f64),
    Histogram,
}

impl ResultKind {
    fn array(&self, groups: &[Values]) -> Result<ArrayRef> {
        Ok(match self {
            Self::Quantile(q) => {
                Arc::new(groups.iter().map(|group| group.quantile(*q)).collect::<Int64Array>()) as ArrayRef
            }
            Self::Histogram => Arc::new(groups.iter().map(Values::encoded).collect::<Result<StringArray>>()?),
        })
    }
}
