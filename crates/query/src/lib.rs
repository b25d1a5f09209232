//! saltmine-query
