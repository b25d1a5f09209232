//! The benign workloads of the set: routine work that looks suspicious.

mod backups;
mod delivery;
mod lakes;
mod moves;
mod operations;
mod people;

use super::{Entry, Play};

/// All workloads, in order.
pub(super) fn all() -> Vec<Entry> {
    let benign = |name, title, play| Entry { name, title, play: Play::Benign(play) };
    vec![
        benign(
            "nightly-backup",
            "A nightly backup writes, verifies and prunes old versions",
            backups::nightly_backup,
        ),
        benign(
            "restore-drill",
            "An annual drill restores a backup from another host",
            backups::restore_drill,
        ),
        benign("log-expiry", "Lifecycle rules expire logs, and Terraform rewrites them", backups::log_expiry),
        benign(
            "log-shipper",
            "A log shipper reads every log once and deletes what it has shipped",
            backups::log_shipper,
        ),
        benign(
            "table-compaction",
            "Iceberg and Delta tables are compacted, their old files deleted",
            lakes::table_compaction,
        ),
        benign("spark-renames", "Spark commits its output with copies and deletes", lakes::spark_renames),
        benign("model-training", "Training reads a whole data set in each epoch", lakes::model_training),
        benign("key-rotation", "A batch job re-encrypts a bucket with another KMS key", moves::key_rotation),
        benign(
            "bucket-migration",
            "Objects move to another bucket of the same company",
            moves::bucket_migration,
        ),
        benign(
            "offboarding",
            "A team empties and deletes the bucket of a retired application",
            moves::offboarding,
        ),
        benign(
            "erasure-requests",
            "Objects of former customers are erased every week",
            moves::erasure_requests,
        ),
        benign(
            "blue-green",
            "A site is deployed many times a day, and old assets are removed",
            delivery::blue_green,
        ),
        benign("cdn-crawlers", "A CDN's origin, with crawlers that follow old links", delivery::cdn_crawlers),
        benign("open-data", "A bucket that is public on purpose, with bulk downloads", delivery::open_data),
        benign(
            "mobile-app",
            "Phones upload and download through presigned URLs and change networks",
            delivery::mobile_app,
        ),
        benign("ci-sessions", "Each CI run has a new session and a new address", delivery::ci_sessions),
        benign(
            "posture-scanner",
            "A scanner, an audit tool and Terraform read all settings every day",
            operations::posture_scanner,
        ),
        benign(
            "hotel-on-call",
            "An on-call administrator fixes a policy from a hotel",
            operations::hotel_on_call,
        ),
        benign(
            "office-move",
            "A company moves, and all employees come from a new network",
            operations::office_move,
        ),
        benign(
            "new-environment",
            "Terraform creates three buckets with all their settings",
            operations::new_environment,
        ),
        benign("first-week", "A new employee's first week", people::first_week),
        benign("legal-exports", "The legal team exports cases for tickets, as before", people::legal_exports),
    ]
}
