//! The text format of HdrHistogram's `outputPercentileDistribution`, which its plotters read. It follows the Java
//! original: columns of 12, 14, 10 and 14 characters, five steps per halving of the remaining distance, and three
//! trailing lines with `#`.

use std::fmt::Write;

use hdrhistogram::Histogram;

const STEPS: u32 = 5;

/// `mean` and `max` are those of the original values.
pub(super) fn text(histogram: &Histogram<u64>, mean: f64, max: u64) -> String {
    let mut text =
        format!("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
    let mut seen = 0_u64;
    for step in histogram.iter_quantiles(STEPS) {
        seen += step.count_since_last_iteration();
        let (value, share) = (step.value_iterated_to().min(max) as f64, step.quantile_iterated_to());
        // Writing to a String does not fail.
        let _ = write!(text, "{value:12.3} {share:2.12} {seen:10}");
        let _ = if share < 1.0 { writeln!(text, " {:14.2}", 1.0 / (1.0 - share)) } else { writeln!(text) };
    }
    let _ = writeln!(text, "#[Mean    = {mean:12.3}, StdDeviation   = {:12.3}]", histogram.stdev());
    let _ = writeln!(text, "#[Max     = {:12.3}, Total count    = {:12}]", max as f64, histogram.len());
    let _ = writeln!(
        text,
        "#[Buckets = {:12}, SubBuckets     = {:12}]",
        histogram.buckets(),
        2_u64 << (f64::from(10_u32.pow(u32::from(histogram.sigfig()))).log2().ceil() as u32)
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_that_of_hdrhistogram_plotters() {
        let mut histogram = Histogram::<u64>::new(3).unwrap();
        [1, 2, 2, 900_001].into_iter().for_each(|value| histogram.record(value).unwrap());
        let text = text(&histogram, 225_001.5, 900_001);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "       Value     Percentile TotalCount 1/(1-Percentile)");
        assert_eq!(lines[1], "");
        assert_eq!(lines[2], "       1.000 0.000000000000          1           1.00");
        let rows: Vec<Vec<f64>> = lines[2..]
            .iter()
            .take_while(|line| !line.starts_with('#'))
            .map(|line| line.split_whitespace().map(|cell| cell.parse().unwrap()).collect())
            .collect();
        assert!(rows.windows(2).all(|pair| pair[0][..3].iter().zip(&pair[1]).all(|(a, b)| a <= b)), "{text}");
        assert_eq!(rows.last().unwrap()[..], [900_001.0, 1.0, 4.0]);
        let trailer = &lines[lines.len() - 3..];
        let deviation = trailer[0].strip_prefix("#[Mean    =   225001.500, StdDeviation   = ").unwrap();
        let deviation: f64 = deviation.trim_end_matches(']').trim().parse().unwrap();
        // Of the original values it is 389711.1; the histogram's differs by at most 0.1 %.
        assert!((deviation - 389_711.1).abs() < 390.0, "{deviation}");
        assert_eq!(trailer[1], "#[Max     =   900001.000, Total count    =            4]");
        assert_eq!(trailer[2], "#[Buckets =           10, SubBuckets     =         2048]");
    }
}
