//! The attacks of the set.

mod copies;
mod destruction;
mod exposure;
mod insiders;
mod links;
mod ransom;
mod simulators;
mod tampering;
mod theft;

use super::{Entry, Play};

/// All attacks, in order.
pub(super) fn all() -> Vec<Entry> {
    let attack = |name, title, play| Entry { name, title, play: Play::Attack(play) };
    vec![
        attack(
            "stolen-key",
            "A program's access key is used from abroad to download a bucket",
            theft::stolen_key,
        ),
        attack("role-outside", "Credentials of an instance are used from outside AWS", theft::role_outside),
        attack("cold-restore", "Archived objects are restored in bulk and downloaded", theft::cold_restore),
        attack(
            "settings-sweep",
            "An access key reads the settings of all buckets, then downloads secrets",
            theft::settings_sweep,
        ),
        attack("leaver", "An employee downloads far more than usual before leaving", insiders::leaver),
        attack(
            "key-order-sweep",
            "A partner reads every object once, in key order",
            insiders::key_order_sweep,
        ),
        attack("link-shared", "A presigned URL is shared", links::link_shared),
        attack(
            "links-minted",
            "A user signs URLs for many objects, which are used elsewhere",
            links::links_minted,
        ),
        attack("copy-foreign", "Objects are copied to a bucket of another account", copies::copy_foreign),
        attack(
            "replicate-foreign",
            "A batch job or replication copies a bucket to another account",
            copies::replicate_foreign,
        ),
        attack(
            "rewrite-in-place",
            "Objects are downloaded, encrypted and overwritten",
            ransom::rewrite_in_place,
        ),
        attack(
            "customer-key",
            "Objects are copied onto themselves with a customer-provided key",
            ransom::customer_key,
        ),
        attack(
            "renamed",
            "Objects are downloaded, deleted and uploaded with a new extension",
            ransom::renamed,
        ),
        attack(
            "lifecycle-eraser",
            "A lifecycle rule expires objects that never expired before",
            destruction::lifecycle_eraser,
        ),
        attack("versions-purged", "All versions of objects are deleted", destruction::versions_purged),
        attack("buckets-deleted", "Buckets are emptied and deleted", destruction::buckets_deleted),
        attack(
            "lock-bypass",
            "Retention is shortened, and the retained objects are deleted",
            destruction::lock_bypass,
        ),
        attack(
            "public-window",
            "A policy makes a bucket public, strangers download, the policy is reverted",
            exposure::public_window,
        ),
        attack(
            "policy-backdoor",
            "A policy grants access to another account, which reads",
            exposure::policy_backdoor,
        ),
        attack(
            "public-write",
            "Strangers overwrite installers in a publicly writable bucket",
            exposure::public_write,
        ),
        attack("skimmer", "A web shop's hash-named script is replaced", tampering::skimmer),
        attack("logging-dark", "Logging is disabled, and the logs stop", tampering::logging_dark),
        attack(
            "sim-individual-deletion",
            "Simulator: 51 objects are deleted one by one, and a ransom note is left",
            simulators::individual_deletion,
        ),
        attack(
            "sim-batch-deletion",
            "Simulator: 51 objects are deleted in one call, and a ransom note is left",
            simulators::batch_deletion,
        ),
        attack(
            "sim-client-side-encryption",
            "Simulator: 51 objects are overwritten with a customer-provided key, and a ransom note is left",
            simulators::client_side_encryption,
        ),
        attack(
            "sim-policy-backdoor",
            "Simulator: a bucket policy grants access to an external account",
            simulators::policy_backdoor,
        ),
    ]
}
