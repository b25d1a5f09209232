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

/// All of them, in order.
pub(super) fn all() -> Vec<Entry> {
    let attack = |name, title, play| Entry { name, title, play: Play::Attack(play) };
    vec![
        attack(
            "stolen-key",
            "An access key of a program is used from abroad to take a bucket",
            theft::stolen_key,
        ),
        attack("role-outside", "Credentials of an instance are used from outside AWS", theft::role_outside),
        attack("cold-restore", "Archived objects are restored in bulk, and downloaded", theft::cold_restore),
        attack(
            "settings-sweep",
            "A key looks round the settings of all buckets, then takes secrets",
            theft::settings_sweep,
        ),
        attack("leaver", "An employee downloads far above habit before leaving", insiders::leaver),
        attack(
            "key-order-sweep",
            "A partner reads all objects in the order of their keys, each once",
            insiders::key_order_sweep,
        ),
        attack("link-shared", "A presigned URL is passed on", links::link_shared),
        attack(
            "links-minted",
            "A user signs links to many objects, which are used elsewhere",
            links::links_minted,
        ),
        attack("copy-foreign", "Objects are copied to a bucket of another account", copies::copy_foreign),
        attack(
            "replicate-foreign",
            "A batch job or replication carries a bucket to another account",
            copies::replicate_foreign,
        ),
        attack(
            "rewrite-in-place",
            "Objects are downloaded, encrypted and written over",
            ransom::rewrite_in_place,
        ),
        attack(
            "customer-key",
            "Objects are copied onto themselves with a customer's key",
            ransom::customer_key,
        ),
        attack("renamed", "Objects are downloaded, deleted and put back under a new ending", ransom::renamed),
        attack(
            "lifecycle-eraser",
            "A lifecycle rule expires what it never expired before",
            destruction::lifecycle_eraser,
        ),
        attack("versions-purged", "All versions of objects are deleted", destruction::versions_purged),
        attack("buckets-deleted", "Buckets are emptied and deleted", destruction::buckets_deleted),
        attack(
            "lock-bypass",
            "Retention is shortened, and what it kept is deleted",
            destruction::lock_bypass,
        ),
        attack(
            "public-window",
            "A policy opens a bucket, strangers download, the policy is closed",
            exposure::public_window,
        ),
        attack("policy-backdoor", "A policy lets another account in, which reads", exposure::policy_backdoor),
        attack(
            "public-write",
            "Strangers write over installers in a bucket that anyone may write to",
            exposure::public_write,
        ),
        attack("skimmer", "A hash-named script of a shop is swapped", tampering::skimmer),
        attack("logging-dark", "Logging is switched off, and nothing is logged", tampering::logging_dark),
        attack(
            "sim-individual-deletion",
            "Simulator: 51 objects are deleted one by one, and a note is left",
            simulators::individual_deletion,
        ),
        attack(
            "sim-batch-deletion",
            "Simulator: 51 objects are deleted by one call, and a note is left",
            simulators::batch_deletion,
        ),
        attack(
            "sim-client-side-encryption",
            "Simulator: 51 objects are written over with a customer's key, and a note is left",
            simulators::client_side_encryption,
        ),
        attack(
            "sim-policy-backdoor",
            "Simulator: a bucket policy lets an account of others in",
            simulators::policy_backdoor,
        ),
    ]
}
