//! SQL catalogs of a session. One of them is hidden: it holds a view under the name that AWS gives it, so that
//! published queries find it; otherwise `SHOW TABLES` would list it before the tables themselves.

use std::sync::Arc;

use datafusion::catalog::{CatalogProvider, CatalogProviderList, MemoryCatalogProviderList};
use datafusion::prelude::SessionContext;

/// The hidden catalog.
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

/// Installs these catalogs in a context, keeping its tables.
pub(crate) fn install(context: &SessionContext) {
    let catalogs = Catalogs { all: MemoryCatalogProviderList::new() };
    for name in context.catalog_names() {
        if let Some(catalog) = context.catalog(&name) {
            catalogs.register_catalog(name, catalog);
        }
    }
    context.register_catalog_list(Arc::new(catalogs));
}
