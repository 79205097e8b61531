//! `metabench plot`: throughput over latency, as a picture.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead as _, BufReader, Read},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, ensure};
use clap::Args;
use plotters::{
    coord::{Shift, types::RangedCoordf64},
    prelude::*,
};

use crate::micro::Figure;

/// What to draw.
#[derive(Args)]
pub struct Plot {
    /// What `metabench micro --json` printed; standard input without it
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The picture
    #[arg(long, value_name = "FILE", default_value = "metabench.svg")]
    svg: PathBuf,
    /// What stands above it: what was measured, on what machine
    #[arg(long, default_value = "throughput over latency")]
    title: String,
}

const SIZE: (u32, u32) = (900, 560);
/// Told apart by most who do not see all colours (Okabe and Ito, <https://jfly.uni-koeln.de/color/>).
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
];

/// One number of clients, or one rate: medians over the rounds.
struct Point {
    label: String,
    throughput: f64,
    p50_ms: f64,
    p99_ms: f64,
}

/// One kind of operation on one target.
struct Series {
    name: String,
    points: Vec<Point>,
}

/// Draws.
pub fn plot(plot: &Plot) -> anyhow::Result<ExitCode> {
    let mut figures = Vec::new();
    for file in &plot.files {
        let opened = File::open(file).with_context(|| format!("open {}", file.display()))?;
        figures.extend(read(opened).with_context(|| format!("read {}", file.display()))?);
    }
    if plot.files.is_empty() {
        figures = read(std::io::stdin().lock()).context("read standard input")?;
    }
    ensure!(!figures.is_empty(), "no figures: give what `metabench micro --json` printed");
    draw(&series(figures), plot).with_context(|| format!("draw {}", plot.svg.display()))?;
    println!("{}", plot.svg.display());
    Ok(ExitCode::SUCCESS)
}

fn read(from: impl Read) -> anyhow::Result<Vec<Figure>> {
    let lines = BufReader::new(from).lines().enumerate();
    let figure = |(number, line): (usize, std::io::Result<String>)| {
        serde_json::from_str(&line?).with_context(|| format!("line {}", number + 1))
    };
    lines.map(figure).collect()
}

fn series(figures: Vec<Figure>) -> Vec<Series> {
    let mut by_series = BTreeMap::<_, BTreeMap<_, Vec<Figure>>>::new();
    for figure in figures {
        let rate = figure.rate.map(|rate| rate.round() as u64);
        let name = match rate {
            None => format!("{} {}", figure.target, figure.phase),
            Some(_) => format!("{} {}, open loop", figure.target, figure.phase),
        };
        let label = rate.unwrap_or(figure.clients as u64);
        by_series.entry(name).or_default().entry(label).or_default().push(figure);
    }
    let point = |(label, rounds): (u64, Vec<Figure>)| Point {
        label: label.to_string(),
        throughput: median(&rounds, |figure| figure.operations_per_second),
        p50_ms: median(&rounds, |figure| figure.p50_ms),
        p99_ms: median(&rounds, |figure| figure.p99_ms),
    };
    let points = |(name, points): (String, BTreeMap<_, _>)| Series {
        name,
        points: points.into_iter().map(point).collect(),
    };
    by_series.into_iter().map(points).collect()
}

fn median(rounds: &[Figure], of: impl Fn(&Figure) -> f64) -> f64 {
    let mut values: Vec<_> = rounds.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a> = ChartContext<
    'a,
    SVGBackend<'a>,
    Cartesian2d<RangedCoordf64, plotters::coord::combinators::LogCoord<f64>>,
>;

fn draw(series: &[Series], plot: &Plot) -> anyhow::Result<()> {
    let Plot { svg, title, .. } = plot;
    let area: Area = SVGBackend::new(svg as &Path, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let points = || series.iter().flat_map(|series| &series.points);
    let right = points().map(|point| point.throughput).fold(1.0, f64::max) * 1.08;
    let low = points().map(|point| point.p50_ms).fold(f64::INFINITY, f64::min).max(0.01) / 1.6;
    let high = points().map(|point| point.p99_ms).fold(low * 10.0, f64::max) * 1.6;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 18))
        .margin(16)
        .x_label_area_size(44)
        .y_label_area_size(60)
        .build_cartesian_2d(0.0..right, (low..high).log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .x_desc("operations a second")
        .y_desc("latency, ms: p50 filled, p99 hollow")
        .x_label_formatter(&|value| format!("{value:.0}"))
        .y_label_formatter(&|value| format!("{value:.2}"))
        .label_style(("sans-serif", 13))
        .draw()?;
    for (series, colour) in series.iter().zip(COLOURS.into_iter().cycle()) {
        draw_series(&mut chart, series, colour)?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .label_font(("sans-serif", 13))
        .draw()?;
    area.present()?;
    Ok(())
}

fn draw_series(chart: &mut Chart, series: &Series, colour: RGBColor) -> anyhow::Result<()> {
    let p50 = || series.points.iter().map(|point| (point.throughput, point.p50_ms));
    let p99 = || series.points.iter().map(|point| (point.throughput, point.p99_ms));
    chart
        .draw_series(LineSeries::new(p50(), colour.stroke_width(2)))?
        .label(&series.name)
        .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2)));
    chart.draw_series(DashedLineSeries::new(p99(), 5, 4, colour.stroke_width(1)))?;
    chart.draw_series(p50().map(|at| Circle::new(at, 4, colour.filled())))?;
    chart.draw_series(p99().map(|at| Circle::new(at, 4, colour.stroke_width(1))))?;
    let labels = series.points.iter().map(|point| {
        let at = EmptyElement::at((point.throughput, point.p50_ms));
        let style = ("sans-serif", 12).into_font().color(&colour);
        at + Text::new(point.label.clone(), (4, 6), style)
    });
    chart.draw_series(labels)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = r#"{"target":"metad","phase":"file-create","clients":1,"round":1,"seconds":1.0,"operations":900,"operations_per_second":900.0,"p50_ms":1.0,"p90_ms":1.5,"p99_ms":2.0,"p999_ms":3.0,"max_ms":4.0,"median_second":900,"slowest_second":900,"failed":0}
{"target":"metad","phase":"file-create","clients":256,"round":1,"seconds":1.0,"operations":20000,"operations_per_second":20000.0,"p50_ms":12.0,"p90_ms":15.0,"p99_ms":30.0,"p999_ms":33.0,"max_ms":44.0,"median_second":20000,"slowest_second":19000,"failed":0}"#;

    #[test]
    fn a_picture_has_each_series_and_each_number_of_clients() {
        let folder = tempfile::tempdir().unwrap();
        let (lines, svg) = (folder.path().join("lines"), folder.path().join("plot.svg"));
        std::fs::write(&lines, LINES).unwrap();
        let asked = Plot { files: vec![lines], svg: svg.clone(), title: "a title".to_owned() };
        plot(&asked).unwrap();
        let picture = std::fs::read_to_string(svg).unwrap();
        for part in ["a title", "metad file-create", "256", "operations a second"] {
            assert!(picture.contains(part), "{part} is not in it");
        }
    }

    #[test]
    fn a_line_that_is_no_figure_is_named() {
        let error = read("{}".as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "line 1");
    }
}
