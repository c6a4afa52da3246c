//! The overview: how much was found and decided in the last days, and what
//! waits. Numbers only; nothing here tells of any message.

use askama::Template;
use axum::{http::StatusCode, response::Response};

use super::{
    dashboard_texts::DashboardTexts,
    layout::{self, Frame, Trouble},
    plot::{self, Plot},
    signed::Session,
};
use crate::gate::{Figures, Gate};

#[derive(Template)]
#[template(path = "dashboard.html")]
struct DashboardPage {
    frame: Frame,
    texts: &'static DashboardTexts,
    lead: String,
    cards: Vec<(String, &'static str)>,
    balances: bool,
    plots: Vec<Plot>,
}

/// The overview for somebody who may see figures.
pub(super) async fn show(gate: &Gate, signed: &Session) -> Response {
    let texts = DashboardTexts::of(signed.language());
    match gate.figures(DAYS).await {
        Ok(figures) => {
            let frame = Frame::of(signed, texts.title);
            let lead = texts.lead.replacen("{}", &DAYS.to_string(), 1);
            let (cards, balances) = (cards(&figures, texts), figures.balances);
            let plots = plots(figures, texts);
            let page = DashboardPage { frame, texts, lead, cards, balances, plots };
            layout::show(StatusCode::OK, &page)
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "no figures for a page");
            layout::trouble_for(signed, StatusCode::SERVICE_UNAVAILABLE, Trouble::Broken)
        }
    }
}

fn cards(figures: &Figures, texts: &'static DashboardTexts) -> Vec<(String, &'static str)> {
    let found: u64 = figures.days.iter().map(|(_, found)| found).sum();
    let mut cards = vec![
        (figures.held.to_string(), texts.held),
        (figures.decided.to_string(), texts.decided),
        (found.to_string(), texts.found),
        (figures.legal_holds.to_string(), texts.legal_holds),
    ];
    let [with, without] = figures.coverage;
    if let Some(share) = (with * 100).checked_div(with + without) {
        cards.push((format!("{share} %"), texts.covered));
    }
    cards
}

fn plots(figures: Figures, texts: &'static DashboardTexts) -> Vec<Plot> {
    let Figures { days, directions, rules, verdicts, waiting, coverage, .. } = figures;
    let words = |id, title, unit, of| plot::Words { id, title, unit, of, table: texts.figures };
    let directions = directions.into_iter().map(|(way, n)| (texts.direction(way).to_owned(), n));
    let verdicts = verdicts.into_iter().map(|(verdict, n)| (texts.verdict(&verdict).to_owned(), n));
    let waited = texts.waited().into_iter().map(str::to_owned).zip(waiting);
    let [with, without] = coverage;
    let coverage = vec![(texts.with.to_owned(), with), (texts.without.to_owned(), without)];
    vec![
        Plot::upright(words("days", texts.by_day, texts.messages, texts.day), days),
        Plot::lying(
            words("rules", texts.by_rule, texts.messages, texts.rule),
            rules.into_iter().take(MOST_RULES).collect(),
        ),
        Plot::lying(
            words("directions", texts.by_direction, texts.messages, texts.direction),
            directions.collect(),
        ),
        Plot::lying(
            words("verdicts", texts.by_verdict, texts.rulings, texts.verdict),
            verdicts.collect(),
        ),
        Plot::lying(words("ages", texts.by_age, texts.messages, texts.waited), waited.collect()),
        Plot::lying(
            words("coverage", texts.by_coverage, texts.recipients, texts.certificate),
            coverage,
        ),
    ]
}

const DAYS: u16 = 30;
const MOST_RULES: usize = 12;
