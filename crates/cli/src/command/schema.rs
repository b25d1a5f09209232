//! `saltmine schema`: the columns of the table `logs`, and table definitions for other engines.

use std::io::{self, Write};

use arrow::datatypes::DataType;
use comfy_table::{ContentArrangement, Table, presets};
use saltmine_scan::Column;

use crate::args::{SchemaArgs, SchemaFormat};
use crate::error::CliError;
use crate::exit::ExitCode;

pub(crate) fn run(args: &SchemaArgs) -> Result<ExitCode, CliError> {
    let mut out = io::stdout().lock();
    match args.format {
        SchemaFormat::Table => table(&mut out)?,
        SchemaFormat::Json => json(&mut out)?,
        SchemaFormat::AthenaDdl => ddl(&mut out, Engine::Athena)?,
        SchemaFormat::SparkDdl => ddl(&mut out, Engine::Spark)?,
    }
    Ok(ExitCode::Success)
}

fn columns() -> impl Iterator<Item = Column> {
    (0..Column::COUNT).filter_map(Column::at)
}

fn table(out: &mut impl Write) -> io::Result<()> {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["column", "type", "meaning"]);
    for column in columns() {
        table.add_row([column.name(), sql_type(column), column.description()]);
    }
    table.lines().try_for_each(|line| writeln!(out, "{}", line.trim_end()))
}

fn json(out: &mut impl Write) -> Result<(), CliError> {
    let columns: Vec<_> = columns()
        .map(|column| {
            serde_json::json!({
                "name": column.name(),
                "arrow_type": column.data_type().to_string(),
                "sql_type": sql_type(column),
                "nullable": true,
                "partition": column == Column::EventDate,
                "description": column.description(),
            })
        })
        .collect();
    serde_json::to_writer_pretty(&mut *out, &columns).map_err(|error| CliError::Output(error.into()))?;
    writeln!(out)?;
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Engine {
    Athena,
    Spark,
}

/// A table definition over the Parquet files of a dataset. Both engines can also read it as a Delta table.
fn ddl(out: &mut impl Write, engine: Engine) -> io::Result<()> {
    let create = if engine == Engine::Athena { "CREATE EXTERNAL TABLE" } else { "CREATE TABLE" };
    writeln!(out, "{create} s3_access_logs (")?;
    let last = Column::FILE_COUNT - 1;
    for column in columns().filter(|column| *column != Column::EventDate || engine == Engine::Spark) {
        let is_last =
            if engine == Engine::Spark { column == Column::EventDate } else { column.index() == last };
        let comment = column.description().replace('\'', if engine == Engine::Athena { "''" } else { "\\'" });
        let comma = if is_last { "" } else { "," };
        writeln!(out, "  `{}` {} COMMENT '{comment}'{comma}", column.name(), sql_type(column))?;
    }
    match engine {
        Engine::Athena => {
            writeln!(out, ")\nPARTITIONED BY (`event_date` date)\nSTORED AS PARQUET")?;
            writeln!(out, "LOCATION 's3://BUCKET/DATASET/logs/';\n")?;
            writeln!(out, "MSCK REPAIR TABLE s3_access_logs;")
        }
        Engine::Spark => {
            writeln!(out, ")\nUSING PARQUET\nPARTITIONED BY (`event_date`)\nLOCATION 'DATASET/logs/';\n")?;
            writeln!(out, "MSCK REPAIR TABLE s3_access_logs;")
        }
    }
}

fn sql_type(column: Column) -> &'static str {
    match column.data_type() {
        DataType::Timestamp(..) => "timestamp",
        DataType::Int16 => "smallint",
        DataType::Int64 => "bigint",
        DataType::Date32 => "date",
        _ => "string",
    }
}
