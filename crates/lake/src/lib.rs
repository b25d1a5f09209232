//! saltmine-lake
