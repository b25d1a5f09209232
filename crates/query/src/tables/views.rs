//! Views of the same rows under AWS's column names: those of the Athena table in its documentation, and those of
//! its structured delivery. Queries published for these run unchanged.
//!
//! Sources: the Amazon S3 User Guide, "Using Amazon S3 server access logs to identify requests" for the Athena table
//! and its values, "Querying access logs in S3 Tables" for the other.

use std::sync::Arc;

use datafusion::arrow::datatypes::Schema;
use datafusion::catalog::{CatalogProvider, MemoryCatalogProvider, MemorySchemaProvider};
use datafusion::common::TableReference;
use datafusion::prelude::SessionContext;

use super::sql_catalogs::{self, AWS_CATALOG};
use crate::error::QueryError;

/// Athena's table as filled by its regular expression: text as logged, with `-` for missing values, and the three
/// quoted fields with their quotes. The two numbers are null if missing. `timestamp` is the daily partition.
///
/// A row does not record whether a missing quoted field was logged with or without quotes. Requests made by the
/// service have none of the three, and are usually logged with a bare `-`.
const ATHENA: &str = r#"
SELECT coalesce(bucket_owner, '-') AS bucketowner,
       coalesce(bucket, '-') AS bucket_name,
       log_time(request_time) AS requestdatetime,
       coalesce(remote_ip, '-') AS remoteip,
       coalesce(requester, '-') AS requester,
       coalesce(request_id, '-') AS requestid,
       coalesce(operation, '-') AS operation,
       coalesce(key, '-') AS key,
       coalesce('"' || request_uri || '"', '-') AS request_uri,
       coalesce(CAST(http_status AS varchar), '-') AS httpstatus,
       coalesce(error_code, '-') AS errorcode,
       bytes_sent AS bytessent,
       object_size AS objectsize,
       coalesce(CAST(total_time AS varchar), '-') AS totaltime,
       coalesce(CAST(turn_around_time AS varchar), '-') AS turnaroundtime,
       CASE WHEN referer IS NOT NULL THEN '"' || referer || '"' WHEN request_uri IS NULL THEN '-' ELSE '"-"' END
           AS referrer,
       CASE WHEN user_agent IS NOT NULL THEN '"' || user_agent || '"' WHEN request_uri IS NULL THEN '-' ELSE '"-"' END
           AS useragent,
       coalesce(version_id, '-') AS versionid,
       coalesce(host_id, '-') AS hostid,
       coalesce(signature_version, '-') AS sigv,
       coalesce(cipher_suite, '-') AS ciphersuite,
       coalesce(authentication_type, '-') AS authtype,
       coalesce(host_header, '-') AS endpoint,
       coalesce(tls_version, '-') AS tlsversion,
       coalesce(access_point_arn, '-') AS accesspointarn,
       coalesce(acl_required, '-') AS aclrequired,
       coalesce(source_region, '-') AS sourceregion,
       to_char(request_time, '%Y/%m/%d') AS timestamp
FROM logs"#;

/// The structured delivery: real nulls and numbers.
const CLOUDWATCH: &str = "
SELECT 'V_1_0' AS schema_version_id,
       'arn:aws:s3:::' || bucket AS bucket_arn,
       bucket AS bucket_name,
       request_time,
       bucket_owner AS bucket_owner_id,
       remote_ip,
       requester,
       request_id,
       operation,
       key AS key_name,
       request_uri,
       CAST(http_status AS integer) AS http_status,
       error_code,
       bytes_sent AS bytes_sent_size,
       object_size,
       total_time AS total_duration,
       turn_around_time AS turn_around_duration,
       referer,
       user_agent,
       version_id,
       host_id,
       signature_version,
       cipher_suite,
       authentication_type,
       host_header,
       tls_version,
       access_point_arn,
       acl_required IS NOT NULL AND acl_required = 'Yes' AS acl_required,
       source_region
FROM logs";

/// Catalog, schema and name of the hidden Athena view with the column `"$path"`.
pub(crate) const fn with_path() -> [&'static str; 3] {
    [AWS_CATALOG, "athena", "with_path"]
}

/// Whether a table has the columns of the Athena view.
pub(crate) fn is_athena(schema: &Schema) -> bool {
    let names = ["bucketowner", "requestdatetime", "aclrequired", "timestamp"];
    names.iter().all(|name| schema.field_with_name(name).is_ok())
        && schema.field_with_name("log_file").is_err()
}

/// Registers the views: `athena.s3_access_logs`; `cloudwatch.s3_access_logs`, also under the name that AWS gives
/// it; and the first one under the given aliases.
pub(crate) async fn register(context: &SessionContext, aliases: &[String]) -> Result<(), QueryError> {
    sql_catalogs::install(context);
    let athena = context.sql(ATHENA).await?.into_view();
    let cloudwatch = context.sql(CLOUDWATCH).await?.into_view();
    let of_aws = TableReference::full(AWS_CATALOG, "logs", "amazon_s3__server_access");
    let path = format!(
        "SELECT *, log_file AS \"$path\" FROM ({}) AS rows",
        ATHENA.replace("FROM logs", ", log_file FROM logs")
    );
    let path = context.sql(&path).await?.drop_columns(&["log_file"])?.into_view();
    let [catalog, schema, table] = with_path();
    for (name, view) in [
        (TableReference::partial("athena", "s3_access_logs"), &athena),
        (TableReference::partial("cloudwatch", "s3_access_logs"), &cloudwatch),
        (of_aws, &cloudwatch),
        (TableReference::full(catalog, schema, table), &path),
    ] {
        make_schema(context, &name)?;
        context.register_table(name, Arc::clone(view))?;
    }
    for alias in aliases {
        let wrong = |problem: &str| QueryError::Alias { name: alias.clone(), problem: problem.to_owned() };
        let name = parse(alias).ok_or_else(|| wrong("not a name of one to three parts, such as db.table"))?;
        if name.schema() == Some("information_schema") {
            return Err(wrong("information_schema is read-only"));
        }
        make_schema(context, &name)?;
        if context.table_exist(name.clone())? {
            return Err(wrong("there is already a table with this name"));
        }
        context.register_table(name, Arc::clone(&athena))?;
    }
    Ok(())
}

/// Parses a name as SQL does: parts separated by dots, in lower case unless quoted.
fn parse(alias: &str) -> Option<TableReference> {
    let name = TableReference::parse_str(alias);
    let parts = [Some(name.table()), name.schema(), name.catalog()];
    let is_whole = parts.iter().flatten().all(|part| !part.trim().is_empty());
    // A name with too many parts or unclosed quotes comes back unchanged as a single part.
    let is_read = name.schema().is_some() || alias.contains('"') || !alias.contains('.');
    (is_whole && is_read).then_some(name)
}

/// Creates the catalog and schema of a name if they do not exist.
fn make_schema(context: &SessionContext, name: &TableReference) -> Result<(), QueryError> {
    let state = context.state();
    let options = &state.config_options().catalog;
    let catalog_name = name.catalog().unwrap_or(&options.default_catalog);
    let schema_name = name.schema().unwrap_or(&options.default_schema);
    let catalog = match context.catalog(catalog_name) {
        Some(catalog) => catalog,
        None => {
            let made: Arc<dyn CatalogProvider> = Arc::new(MemoryCatalogProvider::new());
            context.register_catalog(catalog_name, Arc::clone(&made));
            made
        }
    };
    if catalog.schema(schema_name).is_none() {
        catalog.register_schema(schema_name, Arc::new(MemorySchemaProvider::new()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_have_one_to_three_parts() {
        for (alias, parts) in [
            ("logs2", [None, None, Some("logs2")]),
            ("S3_Access_Logs_DB.MyBucket_Logs", [None, Some("s3_access_logs_db"), Some("mybucket_logs")]),
            ("AwsDataCatalog.db.t", [Some("awsdatacatalog"), Some("db"), Some("t")]),
            ("\"Db\".\"My Logs\"", [None, Some("Db"), Some("My Logs")]),
        ] {
            let name = parse(alias).unwrap();
            assert_eq!([name.catalog(), name.schema(), Some(name.table())], parts, "{alias}");
        }
        for alias in ["", " ", "a.b.c.d", ".", "a.", ".b", "a..b"] {
            assert!(parse(alias).is_none(), "{alias:?}: {:?}", parse(alias));
        }
    }
}
