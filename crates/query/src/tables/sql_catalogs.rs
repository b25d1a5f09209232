//! The catalogs of a session, of which one is not listed: it holds a view under the name that AWS gives it, so that
//! published queries find it, and would come before the tables themselves in `SHOW TABLES`.

use std::sync::Arc;

use datafusion::catalog::{CatalogProvider, CatalogProviderList, MemoryCatalogProviderList};
use datafusion::prelude::SessionContext;

/// The catalog that is not listed.
pub(crate) const AWS_CATALOG: &str = "s3tablescatalog/aws-cloudwatch";

#[derive(Debug)]
struct Catalogs {
    all: MemoryCatalogProviderList,
}

impl CatalogProviderList for Catalogs {
    fn register_catalog(
        &self,
        name: String,
        catalog: Arc<dyn CatalogProvider>,
    ) -> Option<Arc<dyn CatalogProvider>> {
        self.all.register_catalog(name, catalog)
    }

    fn catalog_names(&self) -> Vec<String> {
        self.all.catalog_names().into_iter().filter(|name| name != AWS_CATALOG).collect()
    }

    fn catalog(&self, name: &str) -> Option<Arc<dyn CatalogProvider>> {
        self.all.catalog(name)
    }
}

/// Gives a context such catalogs, and what it has into them.
pub(crate) fn install(context: &SessionContext) {
    let catalogs = Catalogs { all: MemoryCatalogProviderList::new() };
    for name in context.catalog_names() {
        if let Some(catalog) = context.catalog(&name) {
            catalogs.register_catalog(name, catalog);
        }
    }
    context.register_catalog_list(Arc::new(catalogs));
}
