//! Time stamps (RFC 3161): creates a request for a report's hash, and checks an authority's response.
//!
//! The response is a signed message (CMS, RFC 5652) with the hash and a time. The check confirms that the hash is the
//! report's, that the certificate in the response signed it, that this certificate was issued for time stamping, and that
//! it leads to a trusted authority, all as of the time in the response.

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};
use ring::digest;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, UnixTime};
use saltmine_lake::Check;
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage};

use super::der::{Reader, Value, tag, value};
use super::{CustodyError, MAX_BYTES, checked, read};

// Object identifiers, in DER.
const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
const SHA384: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02];
const SHA512: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03];
const RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01];
const RSA_SHA256: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B];
const RSA_SHA384: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0C];
const RSA_SHA512: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0D];
const SIGNED_DATA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02];
const TST_INFO: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x10, 0x01, 0x04];
const CONTENT_TYPE: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x03];
const MESSAGE_DIGEST: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x04];
const SIGNING_CERTIFICATE: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x10, 0x02, 0x0C];
const SIGNING_CERTIFICATE_V2: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x10, 0x02, 0x2F];
/// The extended key usage of certificates for time stamps.
const TIME_STAMPING: &[u8] = &[0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08];

const CUT: &str = "the response is truncated, or not a time-stamp response";

/// A time-stamp request for these bytes, which also requests the authority's certificate. It has no nonce: the report
/// contains the time of its verification, so an earlier response cannot match the same bytes.
pub(super) fn request(bytes: &[u8]) -> Vec<u8> {
    let hash = digest::digest(&digest::SHA256, bytes);
    let algorithm = value(tag::SEQUENCE, &[&value(tag::OID, &[SHA256]), &value(tag::NULL, &[])]);
    let imprint = value(tag::SEQUENCE, &[&algorithm, &value(tag::OCTETS, &[hash.as_ref()])]);
    value(tag::SEQUENCE, &[&value(tag::INTEGER, &[&[1]]), &imprint, &value(tag::BOOLEAN, &[&[0xFF]])])
}

/// Trusted root certificates.
pub(super) struct Authorities(Vec<CertificateDer<'static>>);

impl Authorities {
    /// Reads a PEM file, which must contain at least one.
    pub(super) fn read(path: &Path) -> Result<Self, CustodyError> {
        let bytes = read(path, MAX_BYTES, "a list of certificates")?;
        let problem = |problem: String| CustodyError::NotOne {
            path: path.display().to_string(),
            what: "a PEM file with certificates",
            problem,
        };
        let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
        let all = all.map_err(|error| problem(error.to_string()))?;
        if all.is_empty() {
            return Err(problem("it contains no certificate".into()));
        }
        Ok(Self(all))
    }
}

/// Checks whether a trusted authority confirms that the report existed. The claim contains the time.
pub(super) fn check(report: &[u8], answer: &[u8], authorities: &Authorities) -> Check {
    let outcome = verify(report, answer, authorities);
    let (details, problems) = match outcome {
        Ok(time) => {
            (vec![format!("stamped at {}", time.to_rfc3339_opts(SecondsFormat::AutoSi, true))], vec![])
        }
        Err(problem) => (vec![], vec![problem]),
    };
    let claim = "A trusted authority states that the report existed at the time of the stamp.";
    let mut check = checked("timestamp", claim, problems);
    check.details.extend(details);
    check
}

/// The time of the time stamp.
fn verify(report: &[u8], answer: &[u8], authorities: &Authorities) -> Result<DateTime<Utc>, String> {
    let token = granted_token(answer)?;
    let signed = SignedData::parse(token).ok_or(CUT)?;
    let info = TstInfo::parse(signed.info).ok_or("the signed content is not a time stamp")?;
    let hash = hash_function(info.algorithm).ok_or("the time stamp uses an unknown hash function")?;
    if digest::digest(hash, report).as_ref() != info.imprint {
        return Err("the time stamp is not for this report".into());
    }
    signed.verify(authorities, info.time)?;
    Ok(info.time)
}

/// The token of a granted response.
fn granted_token(answer: &[u8]) -> Result<Value<'_>, String> {
    let parse = || {
        let mut whole = Reader::new(answer);
        let mut response = whole.enter(tag::SEQUENCE)?;
        let mut status = response.enter(tag::SEQUENCE)?;
        let code = status.expect(tag::INTEGER)?.content;
        whole.is_at_end().then_some((code, response.next()))
    };
    match parse().ok_or(CUT)? {
        // Granted, or granted with modifications.
        ([0 | 1], Some(token)) => Ok(token),
        ([0 | 1], None) => Err(CUT.into()),
        (code, _) => Err(format!("the authority refused the request (status {})", code.escape_ascii())),
    }
}

/// The parts of a signed message.
struct SignedData<'a> {
    /// The signed content: the time stamp.
    info: &'a [u8],
    certificates: Vec<&'a [u8]>,
    /// Issuer and serial number of the signer's certificate, as DER.
    issuer: &'a [u8],
    serial: &'a [u8],
    digest: &'a [u8],
    algorithm: &'a [u8],
    /// The attributes, whose bytes are signed.
    attributes: Value<'a>,
    signature: &'a [u8],
}

impl<'a> SignedData<'a> {
    fn parse(token: Value<'a>) -> Option<Self> {
        let mut content = Reader::new(token.content);
        (token.tag == tag::SEQUENCE && content.expect(tag::OID)?.content == SIGNED_DATA).then_some(())?;
        let mut data = content.enter(tag::CONTEXT_0)?.enter(tag::SEQUENCE)?;
        data.expect(tag::INTEGER)?;
        data.expect(tag::SET)?;
        let mut inner = data.enter(tag::SEQUENCE)?;
        (inner.expect(tag::OID)?.content == TST_INFO).then_some(())?;
        let info = inner.enter(tag::CONTEXT_0)?.expect(tag::OCTETS)?.content;
        let mut certificates = Vec::new();
        let mut list = Reader::new(data.take(tag::CONTEXT_0)?.content);
        while !list.is_at_end() {
            certificates.push(list.next()?.whole);
        }
        data.take(tag::CONTEXT_1);
        let mut signers = data.enter(tag::SET)?;
        let mut signer = signers.enter(tag::SEQUENCE)?;
        // A response has a single signer.
        signers.is_at_end().then_some(())?;
        signer.expect(tag::INTEGER)?;
        let mut name = signer.enter(tag::SEQUENCE)?;
        let issuer = name.expect(tag::SEQUENCE)?.whole;
        let serial = name.expect(tag::INTEGER)?.content;
        let digest = signer.enter(tag::SEQUENCE)?.expect(tag::OID)?.content;
        let attributes = signer.expect(tag::CONTEXT_0)?;
        let algorithm = signer.enter(tag::SEQUENCE)?.expect(tag::OID)?.content;
        let signature = signer.expect(tag::OCTETS)?.content;
        Some(Self { info, certificates, issuer, serial, digest, algorithm, attributes, signature })
    }

    /// Checks whether it was signed by a certificate for time stamping that leads to a trusted authority, as of a
    /// time.
    fn verify(&self, authorities: &Authorities, time: DateTime<Utc>) -> Result<(), String> {
        let is_signer = |certificate: &&&[u8]| names_of(certificate) == Some((self.issuer, self.serial));
        let signer = self
            .certificates
            .iter()
            .find(is_signer)
            .ok_or("the signer's certificate is not in the response")?;
        self.verify_attributes(signer)?;
        let certificate = CertificateDer::from(*signer);
        let certificate =
            EndEntityCert::try_from(&certificate).map_err(|error| format!("certificate: {error}"))?;
        self.verify_signature(&certificate)?;
        let anchors: Result<Vec<_>, _> = authorities.0.iter().map(webpki::anchor_from_trusted_cert).collect();
        let anchors = anchors.map_err(|error| format!("certificate of an authority: {error}"))?;
        let others: Vec<_> = self.certificates.iter().map(|other| CertificateDer::from(*other)).collect();
        let seconds =
            u64::try_from(time.timestamp()).map_err(|_| "the time of the time stamp is before 1970")?;
        let at = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let usage = KeyUsage::required(TIME_STAMPING);
        let path =
            certificate.verify_for_usage(ALL_VERIFICATION_ALGS, &anchors, &others, at, usage, None, None);
        path.map(|_| ()).map_err(|error| {
            format!("the certificate is not valid for time stamps of a trusted authority: {error}")
        })
    }

    /// Checks whether the attributes match the time stamp and the certificate.
    fn verify_attributes(&self, signer: &[u8]) -> Result<(), String> {
        let content = self.attribute(CONTENT_TYPE).and_then(|mut values| values.expect(tag::OID));
        if content.map(|value| value.content) != Some(TST_INFO) {
            return Err("the signature is not over a time stamp".into());
        }
        let stated = self.attribute(MESSAGE_DIGEST).and_then(|mut values| values.expect(tag::OCTETS));
        let hash = hash_function(self.digest).ok_or("the hash function of the signature is unknown")?;
        if stated.map(|value| value.content) != Some(digest::digest(hash, self.info).as_ref()) {
            return Err("the time stamp was changed after it was signed".into());
        }
        let (named, hash) =
            match (self.attribute(SIGNING_CERTIFICATE_V2), self.attribute(SIGNING_CERTIFICATE)) {
                (Some(v2), _) => certificate_hash_v2(v2),
                (None, Some(v1)) => {
                    certificate_hash(v1).map(|named| (named, &digest::SHA1_FOR_LEGACY_USE_ONLY))
                }
                (None, None) => None,
            }
            .ok_or("the signature does not name its certificate")?;
        if named == digest::digest(hash, signer).as_ref() {
            Ok(())
        } else {
            Err("the signature names a different certificate".into())
        }
    }

    /// The values of the attribute of a type, which must not occur twice.
    fn attribute(&self, kind: &[u8]) -> Option<Reader<'a>> {
        let mut attributes = Reader::new(self.attributes.content);
        let mut found = None;
        while !attributes.is_at_end() {
            let mut attribute = attributes.enter(tag::SEQUENCE)?;
            if attribute.expect(tag::OID)?.content == kind {
                found.is_none().then_some(())?;
                found = Some(attribute.enter(tag::SET)?);
            }
        }
        found
    }

    fn verify_signature(&self, certificate: &EndEntityCert<'_>) -> Result<(), String> {
        // The signature covers the attributes, encoded as a set.
        let signed = value(tag::SET, &[self.attributes.content]);
        // Plain RSA, with the hash function in a separate field, is common too.
        let wanted = match (self.algorithm, self.digest) {
            (RSA, SHA256) => RSA_SHA256,
            (RSA, SHA384) => RSA_SHA384,
            (RSA, SHA512) => RSA_SHA512,
            (other, _) => other,
        };
        let identifier = value(tag::OID, &[wanted]);
        let mut known = false;
        for algorithm in ALL_VERIFICATION_ALGS {
            if algorithm.signature_alg_id().as_ref().starts_with(&identifier) {
                known = true;
                if certificate.verify_signature(*algorithm, &signed, self.signature).is_ok() {
                    return Ok(());
                }
            }
        }
        Err(if known { "the signature is wrong" } else { "the signature's algorithm is not supported" }
            .into())
    }
}

/// Issuer and serial number of a certificate.
fn names_of(certificate: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut body = Reader::new(certificate).enter(tag::SEQUENCE)?.enter(tag::SEQUENCE)?;
    body.take(tag::CONTEXT_0);
    let serial = body.expect(tag::INTEGER)?.content;
    body.expect(tag::SEQUENCE)?;
    Some((body.expect(tag::SEQUENCE)?.whole, serial))
}

/// The first certificate that an attribute names by its SHA-1 hash.
fn certificate_hash(mut values: Reader<'_>) -> Option<&[u8]> {
    let mut first = values.enter(tag::SEQUENCE)?.enter(tag::SEQUENCE)?.enter(tag::SEQUENCE)?;
    Some(first.expect(tag::OCTETS)?.content)
}

/// The same in the second version of the attribute, which names the hash function if it is not SHA-256.
fn certificate_hash_v2(mut values: Reader<'_>) -> Option<(&[u8], &'static digest::Algorithm)> {
    let mut first = values.enter(tag::SEQUENCE)?.enter(tag::SEQUENCE)?.enter(tag::SEQUENCE)?;
    let hash = match first.take(tag::SEQUENCE) {
        Some(algorithm) => hash_function(Reader::new(algorithm.content).expect(tag::OID)?.content)?,
        None => &digest::SHA256,
    };
    Some((first.expect(tag::OCTETS)?.content, hash))
}

/// SHA-1 is not among them; it is only used to name certificates.
fn hash_function(oid: &[u8]) -> Option<&'static digest::Algorithm> {
    match oid {
        SHA256 => Some(&digest::SHA256),
        SHA384 => Some(&digest::SHA384),
        SHA512 => Some(&digest::SHA512),
        _ => None,
    }
}

/// The contents of a time stamp.
struct TstInfo<'a> {
    algorithm: &'a [u8],
    imprint: &'a [u8],
    time: DateTime<Utc>,
}

impl<'a> TstInfo<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut info = Reader::new(bytes).enter(tag::SEQUENCE)?;
        info.expect(tag::INTEGER)?;
        info.expect(tag::OID)?;
        let mut imprint = info.enter(tag::SEQUENCE)?;
        let algorithm = imprint.enter(tag::SEQUENCE)?.expect(tag::OID)?.content;
        let imprint = imprint.expect(tag::OCTETS)?.content;
        info.expect(tag::INTEGER)?;
        let time = str::from_utf8(info.expect(tag::GENERALIZED_TIME)?.content).ok()?;
        let time = NaiveDateTime::parse_from_str(time.strip_suffix('Z')?, "%Y%m%d%H%M%S%.f").ok()?;
        Some(Self { algorithm, imprint, time: time.and_utc() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The output of `openssl ts -query -data - -sha256 -cert -no_nonce`.
    #[test]
    fn a_request_equals_that_of_openssl() {
        let made = request(b"report");
        assert_eq!(made.len(), 59);
        assert_eq!(made[..4], [0x30, 0x39, 0x02, 0x01]);
        assert_eq!(made[made.len() - 3..], [0x01, 0x01, 0xFF]);
    }

    #[test]
    fn invalid_responses_are_refused() {
        let authorities = Authorities(Vec::new());
        for answer in [&b""[..], b"x", &[0x30, 0x00], &[0x30, 0x80, 0, 0], &[0xFF; 64]] {
            assert_eq!(verify(b"", answer, &authorities), Err(CUT.to_owned()));
        }
        let refused = value(tag::SEQUENCE, &[&value(tag::SEQUENCE, &[&value(tag::INTEGER, &[&[2]])])]);
        let error = verify(b"", &refused, &authorities).unwrap_err();
        assert!(error.contains("refused"), "{error}");
    }
}
