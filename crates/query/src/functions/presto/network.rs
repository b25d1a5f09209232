//! Presto's `contains(network, address)`, beside DataFusion's `contains` of text.

use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StringViewBuilder};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};
use ipnet::IpNet;

use super::typed_function::{Kind, TypedFunction};

/// The function behind `CAST(… AS IPADDRESS)`.
pub(super) const ADDRESS: TypedFunction = TypedFunction {
    name: "ip_address",
    arguments: &[("text", Kind::Text)],
    optional: 0,
    returns: Kind::Text,
    help: (
        "Parses an address and returns its shortest form; an error if it is invalid, null within TRY. As CAST(… AS \
         IPADDRESS) in Presto",
        "ip_address(remote_ip)",
    ),
    body: |args, rows, is_lenient| {
        let texts = args[0].as_string_view();
        let mut addresses = StringViewBuilder::with_capacity(rows);
        for row in 0..rows {
            if texts.is_null(row) {
                addresses.append_null();
                continue;
            }
            match texts.value(row).parse::<IpAddr>() {
                Ok(address) => addresses.append_value(address.to_string()),
                Err(_) if is_lenient => addresses.append_null(),
                Err(_) => {
                    return exec_err!("invalid address {:?}; TRY(...) returns null", texts.value(row));
                }
            }
        }
        Ok(Arc::new(addresses.finish()))
    },
    simplify: None,
};

/// DataFusion's `contains`, extended to networks.
pub(super) fn contains(inner: Arc<ScalarUDF>) -> ScalarUDF {
    ScalarUDF::from(Contains { inner })
}

#[derive(Debug)]
struct Contains {
    inner: Arc<ScalarUDF>,
}

impl PartialEq for Contains {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

impl Eq for Contains {}

impl Hash for Contains {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl ScalarUDFImpl for Contains {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(types)
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(types)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        // Usually the first argument is a literal, so a single look rules networks out.
        let may_be = |argument: &ColumnarValue| match argument {
            ColumnarValue::Scalar(scalar) => {
                scalar.try_as_str().flatten().is_none_or(|text| text.contains('/'))
            }
            ColumnarValue::Array(_) => true,
        };
        let given = args.args.clone();
        let is_text = |argument: &ColumnarValue| argument.data_type().is_string();
        let rows = args.number_rows;
        let by_text = self.inner.invoke_with_args(args)?;
        let [network, address] = &given[..] else { return Ok(by_text) };
        if !may_be(network) || !is_text(network) || !is_text(address) {
            return Ok(by_text);
        }
        let is_scalar = matches!(by_text, ColumnarValue::Scalar(_));
        let rows = if is_scalar { 1 } else { rows };
        let result = by_network(&texts(network, rows)?, &texts(address, rows)?, &by_text.into_array(rows)?);
        if is_scalar {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
        }
        Ok(ColumnarValue::Array(result))
    }
}

fn texts(argument: &ColumnarValue, rows: usize) -> Result<ArrayRef> {
    Ok(cast(&argument.to_array(rows)?, &DataType::Utf8View)?)
}

/// If the first text is a network and the second an address, whether the network contains it; otherwise the text
/// result.
fn by_network(networks: &ArrayRef, addresses: &ArrayRef, by_text: &ArrayRef) -> ArrayRef {
    let (networks, addresses) = (networks.as_string_view(), addresses.as_string_view());
    let by_text = by_text.as_boolean();
    let mut known: Option<(&str, Option<IpNet>)> = None;
    let each = (0..by_text.len()).map(|row| {
        if by_text.is_null(row) {
            return None;
        }
        let text = networks.value(row);
        let (_, network) = match known.filter(|(last, _)| *last == text) {
            Some(known) => known,
            None => *known.insert((text, text.contains('/').then(|| text.parse().ok()).flatten())),
        };
        let address = || addresses.value(row).parse::<IpAddr>().ok();
        let is_in = network.and_then(|network| address().map(|address| network.contains(&address)));
        Some(is_in.unwrap_or_else(|| by_text.value(row)))
    });
    Arc::new(each.collect::<BooleanArray>())
}
