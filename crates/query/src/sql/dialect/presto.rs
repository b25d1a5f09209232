//! Presto's functions and types that are written differently here.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CastKind, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList,
    FunctionArguments, Ident, ObjectName, TimezoneInfo, UnaryOperator, Value,
};

/// Unsupported functions, and alternatives.
const ADVICE: [(&str, &str); 7] = [
    ("histogram", "histogram(x) returns a map; use SELECT x, count(*) … GROUP BY x"),
    ("map_agg", "map_agg(k, v) returns a map; use SELECT k, v …"),
    ("multimap_agg", "multimap_agg(k, v) returns a map; use SELECT k, array_agg(v) … GROUP BY k"),
    ("approx_most_frequent", "use SELECT x, count(*) … GROUP BY x ORDER BY 2 DESC LIMIT n, which is exact"),
    ("json_extract", "json_extract is not supported; no column of the logs contains JSON"),
    ("json_extract_scalar", "json_extract_scalar is not supported; no column of the logs contains JSON"),
    ("ip_prefix", "ip_prefix is not supported; use ip_in(address, '192.0.2.0/24')"),
];

/// Rewrites an expression for DataFusion.
///
/// # Errors
/// What is not supported, and what to write instead.
pub(super) fn translate(expr: &mut Expr) -> Result<(), String> {
    let translated = match expr {
        Expr::Cast { kind, expr: inner, data_type: DataType::Custom(name, _), .. } => {
            let mut inner = || take_expr(inner);
            match name.to_string().to_ascii_lowercase().as_str() {
                "ipaddress" if *kind == CastKind::Cast || *kind == CastKind::DoubleColon => {
                    call("ip_address", vec![inner()])
                }
                "ipaddress" => call("try", vec![call("ip_address", vec![inner()])]),
                "ipprefix" => *inner(),
                _ => return Ok(()),
            }
        }
        Expr::Function(function) => {
            let Some(name) = plain_name(function) else { return Ok(()) };
            if let Some((_, advice)) = ADVICE.iter().find(|(known, _)| *known == name) {
                return Err((*advice).to_owned());
            }
            match of_function(&name, function) {
                Some(translated) => translated,
                None => return Ok(()),
            }
        }
        _ => return Ok(()),
    };
    *expr = translated;
    Ok(())
}

/// The name of a call with nothing but plain arguments.
fn plain_name(function: &Function) -> Option<String> {
    let is_plain = function.over.is_none() && function.filter.is_none() && function.within_group.is_empty();
    let [part] = &function.name.0[..] else { return None };
    is_plain.then(|| part.as_ident().map(|name| name.value.to_ascii_lowercase())).flatten()
}

fn of_function(name: &str, function: &mut Function) -> Option<Expr> {
    let operator = match name {
        "bitwise_and" => Some(BinaryOperator::BitwiseAnd),
        "bitwise_or" => Some(BinaryOperator::BitwiseOr),
        "bitwise_xor" => Some(BinaryOperator::BitwiseXor),
        "bitwise_left_shift" => Some(BinaryOperator::PGBitwiseShiftLeft),
        "bitwise_right_shift" => Some(BinaryOperator::PGBitwiseShiftRight),
        "at_timezone" | "with_timezone" | "to_utf8" | "from_utf8" | "bitwise_not" => None,
        _ => return None,
    };
    let mut args = arguments(function)?.into_iter();
    let (first, second) = (args.next().map(take_expr)?, args.next().map(take_expr));
    Some(match (name, second) {
        ("to_utf8", None) => cast(first, DataType::Bytea),
        ("from_utf8", None) => cast(first, DataType::Varchar(None)),
        ("bitwise_not", None) => {
            let one = Expr::UnaryOp {
                op: UnaryOperator::Minus,
                expr: Box::new(Expr::Value(Value::Number("1".to_owned(), false).into())),
            };
            binary(first, BinaryOperator::BitwiseXor, Box::new(one))
        }
        ("at_timezone", Some(zone)) => Expr::AtTimeZone { timestamp: first, time_zone: zone },
        // Keeps the local time and changes the zone.
        ("with_timezone", Some(zone)) => {
            let naive = Box::new(cast(first, DataType::Timestamp(None, TimezoneInfo::None)));
            Expr::AtTimeZone { timestamp: naive, time_zone: zone }
        }
        (_, Some(second)) => binary(first, operator?, second),
        _ => return None,
    })
}

/// The arguments of a call, if it has one or two and nothing else.
fn arguments(function: &mut Function) -> Option<Vec<&mut Expr>> {
    let FunctionArguments::List(list) = &mut function.args else { return None };
    if !(1..=2).contains(&list.args.len()) || list.duplicate_treatment.is_some() || !list.clauses.is_empty() {
        return None;
    }
    list.args.iter_mut().map(expr_of).collect()
}

fn expr_of(arg: &mut FunctionArg) -> Option<&mut Expr> {
    match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    }
}

fn take_expr(expr: &mut Expr) -> Box<Expr> {
    Box::new(std::mem::replace(expr, Expr::Value(Value::Null.into())))
}

fn binary(left: Box<Expr>, op: BinaryOperator, right: Box<Expr>) -> Expr {
    Expr::Nested(Box::new(Expr::BinaryOp { left, op, right }))
}

fn cast(expr: Box<Expr>, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::Cast, expr, data_type, array: false, format: None }
}

fn call(name: &str, args: Vec<impl Into<Box<Expr>>>) -> Expr {
    let args = args.into_iter().map(|arg| FunctionArg::Unnamed(FunctionArgExpr::Expr(*arg.into())));
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: args.collect(),
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}
