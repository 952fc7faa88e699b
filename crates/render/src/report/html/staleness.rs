//! How out of date answers of each level were, beside how out of date they can get.

use crate::output::html::escaped;
use crate::output::units;
use crate::report::human::View;
use cachepolicy_sim::report::LevelFigures;
use std::fmt::Write as _;

const WIDTH: f64 = 560.0;
/// Names stand here.
const LEFT: f64 = 150.0;
const RIGHT: f64 = 24.0;
const ROW: f64 = 34.0;

pub(super) fn render(view: &View<'_>) -> String {
    let bound = |level: &LevelFigures| {
        let bounds = level.bounds.values().filter_map(|bound| bound.seconds);
        bounds.reduce(f64::max)
    };
    let levels: Vec<_> = view
        .report
        .levels
        .iter()
        .filter(|(_, level)| level.out_of_date.serves > 0)
        .collect();
    let observed = |level: &LevelFigures| level.out_of_date.when_out_of_date.max;
    let ends = levels
        .iter()
        .flat_map(|(_, level)| [observed(level), bound(level)]);
    let Some(end) = ends.flatten().reduce(f64::max).filter(|end| *end > 0.0) else {
        return String::new();
    };
    let place = |seconds: f64| LEFT + (seconds / end).clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT);
    let height = levels.len() as f64 * ROW + 22.0;
    let mut svg = String::new();
    let mut words = "How out of date answers were".to_owned();
    for (index, (name, level)) in levels.iter().enumerate() {
        let y = index as f64 * ROW + ROW / 2.0;
        let ages = &level.out_of_date.when_out_of_date;
        let _ = writeln!(
            svg,
            "<text class=\"name right\" x=\"{:.1}\" y=\"{:.1}\">{}</text><path class=\"grid\" d=\"M{LEFT} {y:.1}H{:.1}\"/>",
            LEFT - 10.0,
            y + 4.0,
            escaped(name),
            WIDTH - RIGHT
        );
        if let (Some(middle), Some(max)) = (ages.p50, ages.max) {
            let _ = writeln!(
                svg,
                "<path class=\"range\" d=\"M{:.1} {y:.1}H{:.1}\"><title>half of them more than {}, at most {}</title></path>",
                place(middle),
                place(max),
                escaped(&units::seconds(middle)),
                escaped(&units::seconds(max))
            );
            let _ = write!(words, "; {name} by {} at worst", units::seconds(max));
        }
        for (class, age) in [("p50", ages.p50), ("p99", ages.p99), ("max", ages.max)] {
            if let Some(age) = age {
                let _ = writeln!(
                    svg,
                    "<circle class=\"{class}\" cx=\"{:.1}\" cy=\"{y:.1}\" r=\"4\"><title>{name} {class}: {}</title></circle>",
                    place(age),
                    escaped(&units::seconds(age))
                );
            }
        }
        if let Some(bound) = bound(level) {
            let x = place(bound);
            let _ = writeln!(
                svg,
                "<path class=\"bound\" d=\"M{x:.1} {:.1}V{:.1}\"><title>{name}: never more than {}</title></path>",
                y - 10.0,
                y + 10.0,
                escaped(&units::at_most(bound))
            );
            let _ = write!(words, ", {} possible", units::at_most(bound));
        }
    }
    for share in [0.0, 0.5, 1.0] {
        let anchor = ["left", "middle", "right"][(share * 2.0) as usize];
        let _ = writeln!(
            svg,
            "<text class=\"tick {anchor}\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            place(end * share),
            height - 6.0,
            escaped(&units::seconds(end * share))
        );
    }
    let heading = view.page().heading(
        "How out of date",
        "answers that missed a write: half of them, 99 of 100, the worst; the bar is the proven bound",
    );
    format!(
        "{heading}<figure class=\"chart ages\">\n<svg viewBox=\"0 0 {WIDTH:.0} {height:.0}\" role=\"img\" aria-label=\"{}\">\n{svg}</svg>\n\
         <ul class=\"legend\"><li><span class=\"dot p50\"></span>half</li><li><span class=\"dot p99\"></span>99 of 100</li>\
         <li><span class=\"dot max\"></span>the worst</li><li><span class=\"dot bound\"></span>bound</li></ul></figure>\n",
        escaped(&words)
    )
}
