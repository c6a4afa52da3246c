//! What the dashboard says.

use super::texts::texts;
use crate::model::Direction;

texts! {
    /// The texts of the dashboard.
    DashboardTexts {
        title: "Oversikt", "Oversyn", "Overview";
        lead: "De siste {} dagene", "Dei siste {} dagane", "The last {} days";
        held: "venter på gjennomgang", "ventar på gjennomgang", "wait for review";
        decided: "meldinger vurdert", "meldingar vurderte", "messages judged";
        found: "meldinger med funn", "meldingar med funn", "messages with findings";
        legal_holds: "meldinger må bevares", "meldingar må takast vare på", "messages under a legal hold";
        covered: "av mottakerne ute har sertifikat", "av mottakarane ute har sertifikat", "of recipients outside have a certificate";
        uneven: "Regnskapet for det siste døgnet går ikke opp: det er ikke gjort rede for all e-post som er tatt imot. Administratoren må se på det nå.", "Rekneskapen for det siste døgnet går ikkje opp: det er ikkje gjort greie for all e-post som er teken imot. Administratoren må sjå på det no.", "The ledger of the last day does not balance: not all accepted mail is accounted for. The administrator must look at it now.";
        by_day: "Meldinger med funn, dag for dag", "Meldingar med funn, dag for dag", "Messages with findings, day by day";
        by_rule: "Meldinger etter regel", "Meldingar etter regel", "Messages by rule";
        by_direction: "Meldinger med funn, etter retning", "Meldingar med funn, etter retning", "Messages with findings, by direction";
        by_verdict: "Avgjørelser", "Avgjerder", "Decisions";
        by_age: "Så lenge har holdte meldinger ventet", "Så lenge har haldne meldingar venta", "How long held messages have waited";
        by_coverage: "Mottakere ute, etter om de har sertifikat", "Mottakarar ute, etter om dei har sertifikat", "Recipients outside, by whether they have a certificate";
        nothing: "Ingenting ennå.", "Ingenting enno.", "Nothing yet.";
        figures: "Vis tallene", "Vis tala", "Show the figures";
        messages: "meldinger", "meldingar", "messages";
        rulings: "avgjørelser", "avgjerder", "decisions";
        recipients: "mottakere", "mottakarar", "recipients";
        day: "Dag", "Dag", "Day";
        rule: "Regel", "Regel", "Rule";
        direction: "Retning", "Retning", "Direction";
        verdict: "Avgjørelse", "Avgjerd", "Decision";
        waited: "Ventet", "Venta", "Waited";
        certificate: "Sertifikat", "Sertifikat", "Certificate";
        inbound: "inn", "inn", "inbound";
        internal: "internt", "internt", "internal";
        outbound: "ut", "ut", "outbound";
        defer: "utsatt", "utsett", "deferred";
        deliver: "sluppet gjennom", "sleppt gjennom", "let pass";
        hold: "holdt tilbake", "halde tilbake", "held";
        protect: "kryptert", "kryptert", "encrypted";
        refuse: "avvist", "avvist", "refused";
        one_day: "under ett døgn", "under eitt døgn", "less than a day";
        three_days: "1–3 døgn", "1–3 døgn", "1–3 days";
        a_week: "3–7 døgn", "3–7 døgn", "3–7 days";
        a_month: "7–30 døgn", "7–30 døgn", "7–30 days";
        longer: "over 30 døgn", "over 30 døgn", "over 30 days";
        with: "har sertifikat", "har sertifikat", "have one";
        without: "mangler sertifikat", "manglar sertifikat", "have none";
    }
}

impl DashboardTexts {
    /// A direction, in words.
    pub(super) fn direction(&self, direction: Direction) -> &'static str {
        match direction {
            Direction::Inbound => self.inbound,
            Direction::Internal => self.internal,
            Direction::Outbound => self.outbound,
        }
    }

    /// A verdict of a counter, in words.
    pub(super) fn verdict<'a>(&'a self, verdict: &'a str) -> &'a str {
        match verdict {
            "defer" => self.defer,
            "deliver" => self.deliver,
            "hold" => self.hold,
            "protect" => self.protect,
            "refuse" => self.refuse,
            other => other,
        }
    }

    /// How long messages have waited, by class.
    pub(super) fn waited(&self) -> [&'static str; 5] {
        [self.one_day, self.three_days, self.a_week, self.a_month, self.longer]
    }
}
