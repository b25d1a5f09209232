//! Sites, downloads and apps.

use super::super::super::random::{mix, skewed};
use super::super::call::Call;
use super::super::callers::{Caller, agent};
use super::super::company::{Company, Holdings, SETTINGS, read_settings};
use super::super::logs::Logs;

pub(super) fn blue_green(logs: &mut Logs) {
    let holdings =
        Holdings { folder: "carts", stem: "cart", ending: "json", count: 3_000, bytes: (500, 9_000) };
    let company = Company::new(logs, "finch", ("594418830726", "us-east-1"), holdings);
    company.ordinary(logs, 280);
    let bucket = "finch-storefront";
    let edge = Caller::service("cloudfront");
    let assets = |release: u64| -> Vec<(String, i64)> {
        (0..24)
            .map(|at| {
                (
                    format!("release/assets/chunk-{at:02}.{:08x}.js", mix(release * 31 + at) & 0xFFFF_FFFF),
                    30_000 + (at * 811).cast_signed(),
                )
            })
            .collect()
    };
    for day in 0..logs.days {
        for run in 0..if logs.is_weekend(day) { 1 } else { 5 } {
            let release = (day * 5 + run).cast_unsigned();
            let who = company.deployer.session(&format!("run-{release}")).at(&format!(
                "198.19.{}.{}",
                80 + run,
                10 + day
            ));
            let start = logs.at(day, 9 + run * 2, 15);
            logs.list(start, &who, bucket, "release/");
            for (at, (key, size)) in (0..).zip(assets(release)) {
                logs.put(start + 5 + at, &who, (bucket, &key, size));
            }
            logs.put(start + 40, &who, (bucket, "release/index.html", 6_000 + release.cast_signed()));
            if release >= 4 {
                let old: Vec<(String, i64, Option<String>)> =
                    assets(release - 4).into_iter().map(|(key, size)| (key, size, None)).collect();
                logs.delete_many(start + 60, &who, bucket, &old);
            }
            for _ in 0..60 {
                let (key, size) = assets(release)[logs.rng.usize(..24)].clone();
                let time = start + 100 + logs.rng.i64(0..6_000);
                logs.get(time, &edge, (bucket, &key, size));
            }
        }
    }
}

pub(super) fn cdn_crawlers(logs: &mut Logs) {
    let holdings = Holdings { folder: "drafts", stem: "d", ending: "md", count: 2_000, bytes: (900, 30_000) };
    let company = Company::new(logs, "wagtail", ("710926638845", "eu-west-3"), holdings);
    company.ordinary(logs, 240);
    let bucket = "wagtail-press-images";
    let edge = Caller::service("cloudfront");
    let legacy = Caller {
        requester: Some(
            "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E3WAGTAIL0EXMPL".to_owned(),
        ),
        ..Caller::anonymous("198.19.8.77", "Amazon CloudFront")
    };
    for day in 0..logs.days {
        for _ in 0..420 {
            let time = logs.busy(day);
            let key = format!("img/{:05}.webp", skewed(&mut logs.rng, 6_000));
            let who = if logs.rng.u8(..4) == 0 { &legacy } else { &edge };
            logs.get(time, who, (bucket, &key, 45_000));
        }
        for _ in 0..70 {
            let time = logs.busy(day);
            let key = format!("img/gone-{:05}.jpg", logs.rng.u32(..9_000));
            logs.fail(time, &edge, bucket, ("REST.GET.OBJECT", Some(&key)), (403, "AccessDenied"));
        }
        // Crawlers follow years-old links to the bucket itself, and are refused.
        for at in 0..140 {
            let robot = [agent::CRAWLER, agent::BING][at % 2];
            let who = Caller::anonymous(&format!("198.18.90.{}", 3 + at % 5), robot);
            let time = logs.any(day);
            let key = format!("archive/2017/{:05}.jpg", logs.rng.u32(..4_000));
            logs.fail(time, &who, bucket, ("REST.GET.OBJECT", Some(&key)), (403, "AccessDenied"));
        }
    }
}

pub(super) fn open_data(logs: &mut Logs) {
    let holdings =
        Holdings { folder: "internal", stem: "i", ending: "csv", count: 2_000, bytes: (900, 30_000) };
    let company = Company::new(logs, "siskin", ("681134409927", "us-west-2"), holdings);
    company.ordinary(logs, 240);
    let bucket = "siskin-open-weather";
    let publisher = Caller::role(logs.account, "open-data-publisher", "hourly", "10.190.0.4", agent::RUST);
    for day in 0..logs.days {
        for hour in 0..24 {
            let key = format!("grids/{day:02}/{hour:02}.grib2");
            logs.put(logs.at(day, hour, 2), &publisher, (bucket, &key, 70_000_000));
        }
        for _ in 0..260 {
            let time = logs.busy(day);
            let home = format!("198.18.{}.{}", logs.rng.u8(..40), logs.rng.u8(1..60));
            let robot = [agent::PYTHON, agent::WGET, agent::CURL, agent::CHROME][logs.rng.usize(..4)];
            let who = Caller::anonymous(&home, robot);
            if logs.rng.u8(..9) == 0 {
                logs.list(time, &who, bucket, "grids/");
            }
            let key = format!("grids/{:02}/{:02}.grib2", logs.rng.i64(0..=day), logs.rng.u8(..24));
            logs.get_range(time + 2, &who, (bucket, &key, 70_000_000), 4_000_000);
        }
    }
    // A university mirrors everything in one afternoon, anonymously and with credentials of its own account.
    let mirror = Caller::anonymous("203.0.113.144", agent::RCLONE);
    let other = Caller::user("902255617748", "mirror", "203.0.113.145", agent::CLI);
    for at in 0..280 {
        let key = format!("grids/{:02}/{:02}.grib2", at / 24, at % 24);
        let time = logs.at(12, 13, 0) + at * 20;
        logs.get(time, &mirror, (bucket, &key, 70_000_000));
        logs.get(time + 6, &other, (bucket, &key, 70_000_000));
    }
}

pub(super) fn mobile_app(logs: &mut Logs) {
    let holdings =
        Holdings { folder: "avatars", stem: "u", ending: "webp", count: 5_000, bytes: (9_000, 90_000) };
    let company = Company::new(logs, "sparrow", ("437709918826", "ap-southeast-1"), holdings);
    company.ordinary(logs, 260);
    let bucket = "sparrow-clips";
    let signer = Caller::role(logs.account, "clip-links", "i-0d3adb33f5parr0w", "10.200.0.4", agent::JAVA);
    for day in 0..logs.days {
        for film in 0..30 {
            let time = logs.busy(day) - 3_600;
            let key = format!("clips/{:05}.mp4", logs.rng.u32(..2_000));
            let networks = logs.scattered(1 + film % 4);
            for at in 0..10 {
                let home = &networks[at * networks.len() / 10];
                let phone = signer.holder(
                    "ASIAQX4EXAMPLE3CLIPS",
                    21_600,
                    home,
                    if film % 2 == 0 { agent::ANDROID } else { agent::IPHONE },
                );
                logs.signed_at = Some(time - 5);
                logs.get_range(time + at as i64 * 90, &phone, (bucket, &key, 80_000_000), 8_000_000);
                logs.signed_at = None;
            }
        }
        for at in 0..90 {
            let time = logs.busy(day);
            let home = logs.scattered(1);
            let phone = signer.holder("ASIAQX4EXAMPLE3CLIPS", 900, &home[0], agent::ANDROID);
            let key = format!("incoming/{day:02}-{at:04}.mp4");
            logs.signed_at = Some(time - 20);
            logs.put(time, &phone, (bucket, &key, 12_000_000));
            if at % 8 == 0 {
                // The train entered a tunnel; the URL had expired when it came out.
                logs.fail(
                    time + 1_500,
                    &phone,
                    bucket,
                    ("REST.PUT.OBJECT", Some(&key)),
                    (403, "AccessDenied"),
                );
            }
            logs.signed_at = None;
        }
        for at in 0..30 {
            let time = logs.busy(day);
            let home = format!("198.18.31.{}", at + 1);
            let who = Caller::anonymous(&home, agent::ANDROID);
            let key = format!("clips/{at:05}.mp4");
            logs.fail(time, &who, bucket, ("REST.GET.OBJECT", Some(&key)), (400, "ExpiredToken"));
        }
    }
}

pub(super) fn ci_sessions(logs: &mut Logs) {
    let holdings =
        Holdings { folder: "telemetry", stem: "x", ending: "json", count: 3_000, bytes: (500, 9_000) };
    let company = Company::new(logs, "pipit", ("251163347798", "eu-central-1"), holdings);
    company.ordinary(logs, 260);
    let bucket = "pipit-build-artifacts";
    for day in 0..logs.days {
        for run in 0..if logs.is_weekend(day) { 4 } else { 26 } {
            let number = day * 40 + run;
            let ip = format!("198.19.{}.{}", logs.rng.u8(100..140), logs.rng.u8(1..250));
            let who =
                Caller::role(logs.account, "gha-build", &format!("GitHubActions-{number}"), &ip, agent::CLI);
            let start = logs.at(day, 7, 0) + run * 1_400;
            logs.call(start, &who, bucket, Call::new("REST.HEAD.BUCKET", None));
            for at in 0..14 {
                logs.get(
                    start + 4 + at,
                    &who,
                    (bucket, &format!("cache/layer-{:03}.tar.zst", (number + at) % 60), 30_000_000),
                );
            }
            for at in 0..6 {
                logs.put(
                    start + 600 + at,
                    &who,
                    (bucket, &format!("builds/{number}/app-{at}.zip"), 9_000_000),
                );
            }
            if run % 9 == 0 {
                read_settings(logs, start + 30, &who, &[bucket], &SETTINGS[..4]);
            }
        }
    }
}
