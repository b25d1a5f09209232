//! Opens S3 buckets on demand: a plan sent to another process contains only the paths of its files.

use std::sync::Arc;

use object_store::ObjectStore;
use saltmine_query::datafusion::error::{DataFusionError, Result};
use saltmine_query::datafusion::execution::object_store::{DefaultObjectStoreRegistry, ObjectStoreRegistry};
use saltmine_query::datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use saltmine_s3::Bucket;
use url::Url;

/// DataFusion's own registry, extended by all buckets that this process may open.
#[derive(Debug, Default)]
struct Stores {
    inner: DefaultObjectStoreRegistry,
}

impl ObjectStoreRegistry for Stores {
    fn register_store(&self, url: &Url, store: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        self.inner.register_store(url, store)
    }

    fn deregister_store(&self, url: &Url) -> Result<Arc<dyn ObjectStore>> {
        self.inner.deregister_store(url)
    }

    fn get_store(&self, url: &Url) -> Result<Arc<dyn ObjectStore>> {
        match url.host_str() {
            Some(bucket) if url.scheme() == "s3" => {
                let bucket = Bucket::open(bucket);
                Ok(bucket.map_err(|error| DataFusionError::External(error.into()))?.store())
            }
            _ => self.inner.get_store(url),
        }
    }
}

/// A runtime that finds buckets; `spill` is the folder for intermediate results that do not fit in memory.
pub(crate) fn runtime(spill: Option<&str>) -> Result<Arc<RuntimeEnv>> {
    let builder = RuntimeEnvBuilder::new().with_object_store_registry(Arc::new(Stores::default()));
    match spill {
        Some(folder) => builder.with_temp_file_path(folder).build_arc(),
        None => builder.build_arc(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_found_and_other_stores_stay() {
        let runtime = runtime(None).unwrap();
        let store = |url: &str| runtime.object_store_registry.get_store(&Url::parse(url).unwrap());
        assert!(store("s3://logs").unwrap().to_string().contains("logs"));
        assert!(store("file:///").is_ok());
        assert!(store("gopher://logs").is_err());
    }
}
