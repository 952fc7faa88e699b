//! Workflow commands: a missed claim is an error at its line, one that is not decided a warning.

use super::{Case, Suite, Tested, Trial};
use crate::output::github::{message, property};
use crate::output::units;

pub(super) fn render(trial: &Trial) -> String {
    let mut text = String::new();
    for suite in &trial.suites {
        let Some(tested) = &suite.tested else {
            let sentence = "its claims were not tested: `cachepolicy check` says what is wrong";
            text.push_str(&command(
                "error",
                (&suite.file, 1),
                "the policy has errors",
                sentence,
            ));
            continue;
        };
        if tested.groups.is_empty() {
            let sentence = "write what must hold into an `expect` block";
            text.push_str(&command(
                "notice",
                (&suite.file, 1),
                "the policy claims nothing",
                sentence,
            ));
        }
        for case in tested.cases() {
            text.push_str(&of_claim(case));
        }
        text.push_str(&of_baselines(trial, suite, tested));
    }
    text
}

fn of_claim(case: &Case) -> String {
    let result = &case.result;
    let place = (result.file.as_str(), result.line);
    match result.held {
        Some(true) => String::new(),
        Some(false) => {
            let mut sentence = format!("missed: {}", case.figure);
            if let Some(hint) = &case.hint {
                sentence.push('\n');
                sentence.push_str(&hint.sentence);
            }
            command("error", place, &result.claim, &sentence)
        }
        None => {
            let reason = case.open.as_deref().unwrap_or_default();
            let sentence = format!("not decided: {reason}");
            command("warning", place, &result.claim, &sentence)
        }
    }
}

fn of_baselines(trial: &Trial, suite: &Suite, tested: &Tested) -> String {
    let mut text = String::new();
    let place = (suite.file.as_str(), 1);
    for against in &tested.baselines {
        let figures = against.baseline.figures.iter();
        for figure in figures.filter(|it| it.worse_by() > trial.tolerance) {
            let sentence = format!(
                "worse than in {}: {}, before {}",
                against.file,
                units::figure(figure.after, figure.unit),
                units::figure(figure.before, figure.unit)
            );
            text.push_str(&command("error", place, &figure.figure, &sentence));
        }
        for note in &against.baseline.notes {
            text.push_str(&command("warning", place, &against.file, note));
        }
    }
    text
}

fn command(word: &str, (file, line): (&str, u32), title: &str, sentence: &str) -> String {
    format!(
        "::{word} file={},line={line},title={}::{}\n",
        property(file),
        property(title),
        message(sentence)
    )
}
