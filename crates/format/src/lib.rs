//! saltmine-format
