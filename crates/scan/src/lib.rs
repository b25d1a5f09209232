//! saltmine-scan
