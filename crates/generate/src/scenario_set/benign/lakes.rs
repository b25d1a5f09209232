//! Data lakes and training.

use super::super::super::random::{build_text, push_uuid};
use super::super::call::Call;
use super::super::callers::{Caller, agent};
use super::super::company::{Company, Holdings, instance};
use super::super::logs::{HOUR, Logs};

pub(super) fn table_compaction(logs: &mut Logs) {
    let holdings =
        Holdings { folder: "staging", stem: "batch", ending: "avro", count: 4_000, bytes: (90_000, 900_000) };
    let company = Company::new(logs, "heron", ("480027715536", "eu-central-1"), holdings);
    company.ordinary(logs, 260);
    let bucket = "heron-lakehouse";
    for day in 0..logs.days {
        let writer = Caller::role(logs.account, "stream-writer", &instance(logs), "10.130.1.8", agent::RUST);
        let mut small = Vec::new();
        for hour in 0..24 {
            for at in 0..12 {
                let id = build_text(|out| push_uuid(&mut logs.rng, out));
                let key = format!("sales/orders/data/day={day:02}/{id}.parquet");
                let time = logs.at(day, hour, at * 5);
                logs.put(time, &writer, (bucket, &key, 3_000_000));
                small.push((key, 3_000_000, None));
            }
            let key = format!("sales/orders/_delta_log/{:020}.json", day * 24 + hour);
            logs.put(logs.at(day, hour, 58), &writer, (bucket, &key, 4_000));
        }
        // At night, small files are merged into large ones; yesterday's files are vacuumed.
        let job = Caller::role(
            logs.account,
            "table-maintenance",
            &format!("compaction-{day}"),
            "10.130.4.2",
            agent::TRINO,
        );
        let start = logs.at(day, 23, 10);
        for (at, (key, size, _)) in (0..).zip(&small) {
            logs.get(start + at * 2, &job, (bucket, key, *size));
        }
        for at in 0..6 {
            let id = build_text(|out| push_uuid(&mut logs.rng, out));
            logs.upload(
                start + 700 + at * 30,
                &job,
                (bucket, &format!("sales/orders/data/day={day:02}/{id}.parquet"), 140_000_000),
                32 << 20,
            );
        }
        logs.delete_many(start + 1_500, &job, bucket, &small[..small.len() - 2]);
        // Queries by analysts.
        for _ in 0..160 {
            let time = logs.office_hours(day);
            let (key, size, _) = small[logs.rng.usize(..small.len())].clone();
            let analyst = Caller::role(
                logs.account,
                "athena-query",
                &format!("q-{}", logs.rng.u32(..)),
                "198.19.70.4",
                agent::JAVA,
            );
            logs.get_range(time, &analyst, (bucket, &key, size), 90_000);
        }
    }
}

pub(super) fn spark_renames(logs: &mut Logs) {
    let holdings =
        Holdings { folder: "landing", stem: "feed", ending: "csv", count: 3_000, bytes: (40_000, 900_000) };
    let company = Company::new(logs, "egret", ("614702283391", "us-west-2"), holdings);
    company.ordinary(logs, 240);
    let bucket = "egret-curated";
    for day in 0..logs.days {
        for run in 0..4 {
            let start = logs.at(day, 1 + run * 6, 10);
            let spark = Caller::role(
                logs.account,
                "emr-runtime",
                &instance(logs),
                &format!("10.140.{run}.{}", 10 + day),
                agent::HADOOP,
            );
            let mut temporary = Vec::new();
            for at in 0..45 {
                let part = format!("part-{at:05}-{day}{run}.snappy.parquet");
                let from = format!("daily/table/_temporary/0/task_{at:04}/{part}");
                let to = format!("daily/table/day={day:02}/{part}");
                let time = start + at * 4;
                logs.fail(time - 1, &spark, bucket, ("REST.HEAD.OBJECT", Some(&to)), (404, "NoSuchKey"));
                logs.put(time, &spark, (bucket, &from, 11_000_000));
                logs.copy(start + 300 + at, &spark, (bucket, &from, 11_000_000), (bucket, &to), true);
                temporary.push((from, 11_000_000, None));
            }
            logs.delete_many(start + 400, &spark, bucket, &temporary);
            logs.put(start + 405, &spark, (bucket, &format!("daily/table/day={day:02}/_SUCCESS-{run}"), 0));
        }
    }
}

pub(super) fn model_training(logs: &mut Logs) {
    let holdings =
        Holdings { folder: "labels", stem: "lbl", ending: "json", count: 3_000, bytes: (500, 9_000) };
    let company = Company::new(logs, "dunlin", ("228816640479", "us-east-1"), holdings);
    company.ordinary(logs, 280);
    let bucket = "dunlin-training-sets";
    // Training runs on Tuesdays and Fridays; a bigger run with more epochs comes in the second week.
    for (day, epochs) in [(1, 1), (4, 2), (8, 2), (11, 4)] {
        let trainer =
            Caller::role(logs.account, "sagemaker-training", "SageMaker", "10.150.0.20", agent::BOTO);
        let start = logs.at(day, 6, 0);
        logs.list(start, &trainer, bucket, "shards/");
        for epoch in 0..epochs {
            for shard in 0..900 {
                let time = start + 60 + epoch * 2 * HOUR + shard * 6;
                let key = format!("shards/train-{shard:05}.tar");
                logs.get(time, &trainer, (bucket, &key, 100_000_000));
            }
            let key = format!("checkpoints/run-{day}/epoch-{epoch}.pt");
            logs.upload(
                start + 60 + (epoch + 1) * 2 * HOUR,
                &trainer,
                (bucket, &key, 900_000_000),
                128 << 20,
            );
        }
    }
    for day in 0..logs.days {
        let person = &company.staff[2];
        for at in 0..9 {
            let time = logs.office_hours(day);
            let call = Call { sent: 4_000, ..Call::new("REST.GET.BUCKET", None) };
            if at % 3 == 0 {
                logs.call(time, person, bucket, call);
            }
            logs.head_object(
                time + 3,
                person,
                (bucket, &format!("shards/train-{:05}.tar", at * 31), 100_000_000),
            );
        }
    }
}
