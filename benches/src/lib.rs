//! The benchmarks are in `benches/benches`; this library provides their input.

/// Common lines, one for each number.
pub fn text(numbers: std::ops::Range<u64>) -> Vec<u8> {
    numbers.flat_map(|number| line(number).into_bytes()).collect()
}

fn line(number: u64) -> String {
    let id = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    format!(
        "79a5{id:060x} data-lake-{} [{:02}/May/2026:{:02}:{:02}:{:02} +0000] 198.51.{}.{} \
         arn:aws:sts::111122223333:assumed-role/etl/session-{} {id:016X} REST.GET.OBJECT \
         tables/events/dt%253D2026-05-{:02}/part-{number:05}-{id:016x}.snappy.parquet \"GET \
         /tables/events/dt%3D2026-05-{:02}/part-{number:05}-{id:016x}.snappy.parquet?x-id=GetObject HTTP/1.1\" 206 - \
         {} {} {} {} \"-\" \"aws-sdk-java/2.25.{} Linux/5.10 OpenJDK_64-Bit_Server_VM/17.0.9 Java/17 cfg/retry-mode/standard\" - \
         {id:016x}{id:016X}{id:016x}{id:016X}{id:012x}= SigV4 TLS_AES_128_GCM_SHA256 AuthHeader \
         data-lake.s3.eu-west-1.amazonaws.com TLSv1.3 - - eu-west-1\n",
        number % 8,
        1 + number % 28,
        number % 24,
        number % 60,
        number % 59,
        number % 256,
        id % 256,
        number % 40,
        1 + number % 28,
        1 + number % 28,
        id % 9_999_999,
        id % 99_999_999,
        id % 997,
        id % 499,
        number % 90,
    )
}
