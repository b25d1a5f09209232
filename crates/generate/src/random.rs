//! Seeded randomness: derived seeds, skewed numbers, and identifiers as S3 writes them.

use fastrand::Rng;

/// A generator for a named part of the output, so that parts can be made in any order and in parallel.
pub(crate) fn seeded(seed: u64, parts: &[u64]) -> Rng {
    Rng::with_seed(parts.iter().fold(mix(seed), |state, part| mix(state ^ mix(*part))))
}

/// Scatters the bits of a number.
pub(crate) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A log-normal number with the given median; `sigma` is the deviation of the logarithm.
pub(crate) fn log_normal(rng: &mut Rng, median: f64, sigma: f64) -> f64 {
    let radius = (-2.0 * (1.0 - rng.f64()).ln()).sqrt();
    median * (sigma * radius * (std::f64::consts::TAU * rng.f64()).cos()).exp()
}

/// An integer below `count`; small ones are far more frequent.
pub(crate) fn skewed(rng: &mut Rng, count: u64) -> u64 {
    let spread = rng.f64().powi(3);
    ((spread * count as f64) as u64).min(count.saturating_sub(1))
}

/// Picks one of several values.
pub(crate) fn pick<'a, T>(rng: &mut Rng, from: &'a [T]) -> &'a T {
    &from[rng.usize(..from.len())]
}

/// Picks one of several words.
pub(crate) fn word(rng: &mut Rng, from: &[&'static str]) -> &'static str {
    from[rng.usize(..from.len())]
}

/// Adds characters of an alphabet.
fn push(rng: &mut Rng, out: &mut String, alphabet: &[u8], count: usize) {
    for _ in 0..count {
        out.push(char::from(alphabet[rng.usize(..alphabet.len())]));
    }
}

/// Adds hexadecimal digits.
pub(crate) fn push_hex(rng: &mut Rng, out: &mut String, count: usize) {
    push(rng, out, b"0123456789abcdef", count);
}

/// Adds upper-case letters and digits, as in request ids and names of log objects.
pub(crate) fn push_code(rng: &mut Rng, out: &mut String, count: usize) {
    push(rng, out, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", count);
}

/// Adds letters and digits, as in version ids.
pub(crate) fn push_alphanumeric(rng: &mut Rng, out: &mut String, count: usize) {
    push(rng, out, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._", count);
}

/// Adds a host id: base64 of 76 characters with one `=`, or of 88 with two.
pub(crate) fn push_host_id(rng: &mut Rng, out: &mut String) {
    const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let is_long = rng.u8(..10) < 4;
    push(rng, out, BASE64, if is_long { 86 } else { 75 });
    out.push_str(if is_long { "==" } else { "=" });
}

/// Adds a UUID.
pub(crate) fn push_uuid(rng: &mut Rng, out: &mut String) {
    for (at, count) in [8, 4, 4, 4, 12].into_iter().enumerate() {
        if at > 0 {
            out.push('-');
        }
        push_hex(rng, out, count);
    }
}

/// A text made by one of the functions above.
pub(crate) fn build_text(make: impl FnOnce(&mut String)) -> String {
    let mut out = String::new();
    make(&mut out);
    out
}
