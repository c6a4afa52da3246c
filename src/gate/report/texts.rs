//! What the reports say.

use super::slip::Fate;
use crate::{
    model::{Act, Direction, Level, Role},
    notify::{Language, texts::texts},
};

texts! {
    /// The texts of the reports.
    Texts {
        slip_title: "Avviksrapport", "Avviksrapport", "Incident report";
        slip_lead: "Grunnlag for en melding til tilsynsmyndigheten. Rapporten viser ikke noe av innholdet.", "Grunnlag for ei melding til tilsynsorganet. Rapporten viser ikkje noko av innhaldet.", "A basis for a notification to the supervisory authority. It shows nothing of the content.";
        evidence_title: "Dokumentasjon til vurdering av personvernkonsekvenser", "Dokumentasjon til vurdering av personvernkonsekvensar", "Evidence for a data protection impact assessment";
        evidence_lead: "Slik er porten satt opp nå, og slik kan det bevises.", "Slik er porten sett opp no, og slik kan det provast.", "This is how the gate is set now, and how that can be proven.";
        made_at: "Laget", "Laga", "Made";
        made_by: "Av", "Av", "By";
        purpose: "Formål", "Føremål", "Purpose";
        version: "Programversjon", "Programversjon", "Version of the program";
        scope: "Gjelder", "Gjeld", "About";
        scope_event: "meldingen", "meldinga", "the message";
        to: "til", "til", "to";
        contact: "Kontakt", "Kontakt", "Contact";
        what_happened: "Hva skjedde med meldingene", "Kva som skjedde med meldingane", "What became of the messages";
        what_happened_note: "En melding kan stå på flere linjer: mottakerne kan være behandlet ulikt, og en holdt melding kan være frigitt senere.", "Ei melding kan stå på fleire linjer: mottakarane kan vere handsama ulikt, og ei halden melding kan vere frigitt seinare.", "A message may be on several lines: recipients may be treated in different ways, and a held message may be released later.";
        fate: "Utfall", "Utfall", "Outcome";
        messages: "Meldinger", "Meldingar", "Messages";
        recipients: "Mottakere", "Mottakarar", "Recipients";
        persons: "Personer", "Personar", "Persons";
        persons_note: "Talt i hver melding for seg; den samme personen kan være talt flere ganger.", "Talde i kvar melding for seg; den same personen kan vere tald fleire gonger.", "Counted in each message; the same person may be counted more than once.";
        extent: "Omfang", "Omfang", "Extent";
        kinds: "Hva slags opplysninger", "Kva slags opplysningar", "What kind of data";
        kind: "Type", "Type", "Kind";
        rule: "Regel", "Regel", "Rule";
        level: "Nivå", "Nivå", "Level";
        info: "opplysning", "opplysning", "info";
        low: "lavt", "lågt", "low";
        medium: "middels", "middels", "medium";
        high: "høyt", "høgt", "high";
        critical: "svært høyt", "svært høgt", "critical";
        findings: "Funn, minst", "Funn, minst", "Findings, at least";
        gaps: "Deler som ikke kunne leses", "Delar som ikkje kunne lesast", "Parts that could not be read";
        direction: "Retning", "Retning", "Direction";
        inbound: "inn", "inn", "inbound";
        internal: "internt", "internt", "internal";
        outbound: "ut", "ut", "outbound";
        domains: "Hvor de skulle", "Kvar dei skulle", "Where they were to go";
        domains_note: "Adresser oppbevares bare for det som ble holdt, avvist eller sendt av porten selv. Det som gikk rett gjennom, står i e-postserverens logg.", "Adresser blir tekne vare på berre for det som blei halde, avvist eller sendt av porten sjølv. Det som gjekk rett gjennom, står i loggen til e-posttenaren.", "Addresses are kept only of what was held, refused or sent by the gate itself. What went straight through stands in the log of the mail server.";
        domain: "Domene", "Domene", "Domain";
        recipient: "Mottaker", "Mottakar", "Recipient";
        state: "Status", "Status", "State";
        erased: "(slettet)", "(sletta)", "(erased)";
        measures: "Tiltak som er gjort", "Tiltak som er gjorde", "Measures taken";
        at: "Tid (UTC)", "Tid (UTC)", "Time (UTC)";
        actor: "Hvem", "Kven", "Who";
        gate: "porten", "porten", "the gate";
        act: "Hva", "Kva", "What";
        event: "Melding", "Melding", "Message";
        row: "Rad i loggen", "Rad i loggen", "Row of the log";
        cut: "Det var mer enn en rapport tar. Del tiden opp.", "Det var meir enn ein rapport tek. Del tida opp.", "There was more than a report takes. Make the time shorter.";
        nothing: "Ingenting.", "Ingenting.", "Nothing.";
        to_write: "Til å fylle ut", "Til å fylle ut", "To be filled in";
        known_at: "Når og hvordan avviket ble kjent", "Når og korleis avviket blei kjent", "When and how the incident became known";
        consequences: "Sannsynlige følger for dem det gjelder", "Sannsynlege følgjer for dei det gjeld", "Likely consequences for the persons concerned";
        further: "Videre tiltak, og hvem som er varslet", "Vidare tiltak, og kven som er varsla", "Further measures, and who was told";
        judging: "Hva som vurderer meldingene", "Kva som vurderer meldingane", "What judges the messages";
        mode: "Modus", "Modus", "Mode";
        enforces: "avgjørelser blir gjennomført", "avgjerder blir gjennomførte", "decisions are carried out";
        monitors: "bare overvåking: alt går gjennom", "berre overvaking: alt går gjennom", "monitoring only: everything passes";
        own_domains: "Egne domener", "Eigne domene", "Our own domains";
        packs: "Regelpakker", "Regelpakker", "Rule packs";
        pack: "Pakke", "Pakke", "Pack";
        pack_version: "Versjon", "Versjon", "Version";
        hash: "Kontrollsum (SHA-256, starten)", "Kontrollsum (SHA-256, starten)", "Hash (SHA-256, its start)";
        rules: "Regler", "Reglar", "Rules";
        tests: "Tester", "Testar", "Tests";
        tests_note: "En pakke eller policy der en test feiler, blir ikke tatt i bruk.", "Ein pakke eller policy der ein test feilar, blir ikkje teken i bruk.", "A pack or policy with a test that fails is not taken into use.";
        routes: "Policy: ruter i rekkefølge", "Policy: ruter i rekkjefølgje", "Policy: routes in order";
        routes_note: "Den første ruten som passer for en mottaker, avgjør.", "Den første ruta som passar for ein mottakar, avgjer.", "The first route that fits a recipient decides.";
        built_in: "innebygd", "innebygd", "built in";
        own_file: "egen fil", "eiga fil", "own file";
        route: "Rute", "Rute", "Route";
        when: "Når", "Når", "When";
        verdict: "Avgjørelse", "Avgjerd", "Verdict";
        kept_for: "Oppbevares", "Blir teke vare på", "Kept for";
        always: "alltid", "alltid", "always";
        when_level: "nivå {} eller høyere", "nivå {} eller høgare", "level {} or above";
        when_rules: "regel {}", "regel {}", "rule {}";
        when_gaps: "uleselig: {}", "uleseleg: {}", "unreadable: {}";
        when_persons: "minst {} personer", "minst {} personar", "at least {} persons";
        when_recipients: "til {}", "til {}", "to {}";
        when_senders: "fra {}", "frå {}", "from {}";
        defer: "be avsenderen prøve igjen senere", "be avsendaren prøve igjen seinare", "ask the sender to try again later";
        deliver: "slippe gjennom", "sleppe gjennom", "let pass";
        hold: "holde tilbake for gjennomgang", "halde tilbake for gjennomgang", "hold for review";
        protect: "kryptere ({})", "kryptere ({})", "encrypt ({})";
        refuse: "avvise med rettledning", "avvise med rettleiing", "refuse with guidance";
        otherwise: "ellers", "elles", "otherwise";
        days: "{} dager", "{} dagar", "{} days";
        retention: "Oppbevaring", "Oppbevaring", "Retention";
        retention_note: "Når tiden er ute, blir nøkkelen til innholdet ødelagt. En rad uten innhold står igjen en tid.", "Når tida er ute, blir nøkkelen til innhaldet øydelagd. Ei rad utan innhald står att ei tid.", "When the time is over, the key to the content is destroyed. A record without content stays for a while.";
        keep_held: "Holdte meldinger", "Haldne meldingar", "Held messages";
        keep_released: "Frigitte meldinger", "Frigitte meldingar", "Released messages";
        keep_records: "Rader uten innhold", "Rader utan innhald", "Records without content";
        keep_audit: "Revisjonsloggen", "Revisjonsloggen", "The audit log";
        legal_holds: "Meldinger som må bevares", "Meldingar som må takast vare på", "Messages under a legal hold";
        custody: "Nøkler", "Nøklar", "Keys";
        custody_note: "Alt holdt innhold er kryptert med en egen nøkkel for hver melding (XChaCha20-Poly1305), pakket inn med en nøkkel som er avledet av hovednøkkelen.", "Alt halde innhald er kryptert med ein eigen nøkkel for kvar melding (XChaCha20-Poly1305), pakka inn med ein nøkkel som er avleidd av hovudnøkkelen.", "All held content is encrypted with a key of its own for each message (XChaCha20-Poly1305), wrapped by a key that is derived from the master key.";
        master_key: "Hovednøkkelen", "Hovudnøkkelen", "The master key";
        master_apart: "oppbevares utenfor datamappen", "ligg utanfor datamappa", "is kept apart from the state folder";
        master_beside: "ligger i datamappen: sikkerhetskopier av mappen må beskyttes som innholdet", "ligg i datamappa: tryggingskopiar av mappa må vernast som innhaldet", "lies in the state folder: backups of it must be protected as the content is";
        certificates: "Sertifikater til mottakere", "Sertifikat til mottakarar", "Certificates of recipients";
        usable: "kan brukes nå", "kan brukast no", "can be used now";
        audit_key: "Offentlig nøkkel for signerte kontrollpunkter", "Offentleg nøkkel for signerte kontrollpunkt", "Public key of signed checkpoints";
        access: "Hvem som har adgang", "Kven som har tilgang", "Who has access";
        access_note: "Administratoren ser ikke innhold. Den som ser innhold, gir et formål, og det står i revisjonsloggen.", "Administratoren ser ikkje innhald. Den som ser innhald, gir eit føremål, og det står i revisjonsloggen.", "The administrator sees no content. Whoever sees content gives a purpose, and the audit log keeps it.";
        four_eyes: "To personer må være enige om å frigi en melding med minst {} personer eller funn. Ingen godkjenner sitt eget.", "To personar må vere samde om å frigi ei melding med minst {} personar eller funn. Ingen godkjenner sitt eige.", "Two persons must agree to release a message with at least {} persons or findings. Nobody approves their own.";
        four_eyes_off: "Én person kan frigi en melding alene, uansett hvor mange den gjelder.", "Éin person kan frigi ei melding aleine, same kor mange ho gjeld.", "One person alone may release a message, however many persons it is about.";
        role: "Rolle", "Rolle", "Role";
        accounts: "Kontoer", "Kontoar", "Accounts";
        administrator: "administrator", "administrator", "administrator";
        approver: "godkjenner", "godkjennar", "approver";
        auditor: "revisor", "revisor", "auditor";
        officer: "personvernombud", "personvernombod", "data protection officer";
        reviewer: "saksbehandler", "saksbehandlar", "reviewer";
        viewer: "leser", "lesar", "viewer";
        audit: "Revisjonslogg", "Revisjonslogg", "Audit log";
        audit_holds: "Hele kjeden er kontrollert, og ingen rad er endret, fjernet eller satt inn.", "Heile kjeda er kontrollert, og inga rad er endra, fjerna eller sett inn.", "The whole chain was checked, and no row was altered, removed or put in.";
        audit_broken: "Kjeden holder ikke ved rad {}.", "Kjeda held ikkje ved rad {}.", "The chain does not hold at row {}.";
        audit_rows: "Rader", "Rader", "Rows";
        audit_points: "Signerte kontrollpunkter som holder", "Signerte kontrollpunkt som held", "Signed checkpoints that hold";
        audit_last: "Siste kontrollpunkt", "Siste kontrollpunkt", "Last checkpoint";
        none: "ingen", "ingen", "none";
        ledger: "Regnskap over mottatt e-post", "Rekneskap over motteken e-post", "Ledger of accepted mail";
        ledger_even: "går opp: det er gjort rede for alt som er tatt imot", "går opp: det er gjort greie for alt som er teke imot", "balances: everything that was accepted is accounted for";
        ledger_uneven: "går ikke opp", "går ikkje opp", "does not balance";
    }
}

texts! {
    /// What became of a message.
    Fates {
        deferred: "utsatt", "utsett", "deferred";
        encrypted: "sendt kryptert", "sendt kryptert", "sent encrypted";
        held: "holdt tilbake", "halden tilbake", "held";
        in_clear: "sendt ukryptert", "sendt ukryptert", "left unencrypted";
        overridden: "sluppet gjennom av avsenderen, med begrunnelse", "sleppt gjennom av avsendaren, med grunngiving", "let through by the sender, with a reason";
        refused: "avvist", "avvist", "refused";
        released_in_clear: "frigitt ukryptert av en person", "frigitt ukryptert av ein person", "released unencrypted by a person";
        released_encrypted: "frigitt kryptert av en person", "frigitt kryptert av ein person", "released encrypted by a person";
    }
}

texts! {
    /// What was done, in words.
    Acts {
        account_changed: "endret en konto", "endra ein konto", "changed an account";
        approved: "godkjente", "godkjende", "approved";
        asked: "spurte avsenderen", "spurde avsendaren", "asked the sender";
        assigned: "tildelte", "tildelte", "assigned";
        checkpointed: "signerte loggen", "signerte loggen", "signed the log";
        commented: "kommenterte", "kommenterte", "commented";
        corrected: "rettet opplysninger", "retta opplysningar", "corrected data";
        decided: "avgjorde", "avgjorde", "decided";
        declined: "avslo et ønske", "avslo eit ønske", "turned a wish down";
        deleted: "slettet", "sletta", "deleted";
        dropped: "ga opp utsending", "gav opp utsending", "gave up sending";
        erased: "slettet for en person", "sletta for ein person", "erased for a person";
        exported: "utleverte en kopi", "utleverte ein kopi", "handed out a copy";
        hold_lifted: "opphevet plikten til å bevare", "oppheva plikta til å ta vare på", "lifted a legal hold";
        hold_placed: "la på plikt til å bevare", "la på plikt til å ta vare på", "placed a legal hold";
        key_imported: "tok et sertifikat i bruk", "tok eit sertifikat i bruk", "took a certificate into use";
        key_removed: "tok et sertifikat ut av bruk", "tok eit sertifikat ut av bruk", "took a certificate out of use";
        logged_in: "logget inn", "logga inn", "logged in";
        logged_out: "logget ut", "logga ut", "logged out";
        login_failed: "kom ikke inn", "kom ikkje inn", "could not log in";
        notified: "varslet", "varsla", "sent a notice";
        overridden: "slapp gjennom som avsender", "sleppte gjennom som avsendar", "let through as the sender";
        proposed: "foreslo", "foreslo", "proposed";
        rejected: "avviste", "avviste", "refused";
        released: "frigjorde", "frigav", "released";
        revealed: "så innholdet", "såg innhaldet", "saw the content";
        searched: "søkte etter en person", "søkte etter ein person", "searched for a person";
        sent: "sendte", "sende", "sent";
        settings_loaded: "tok innstillinger i bruk", "tok innstillingar i bruk", "took settings into use";
        viewed: "så på, maskert", "såg på, maskert", "looked at it, masked";
        wrong_alarm: "meldte falsk alarm", "melde falsk alarm", "reported a wrong alarm";
    }
}

/// What was done, in words.
pub fn act_text(act: Act, language: Language) -> &'static str {
    let texts = Acts::of(language);
    match act {
        Act::AccountChanged => texts.account_changed,
        Act::Approved => texts.approved,
        Act::Asked => texts.asked,
        Act::Assigned => texts.assigned,
        Act::Checkpointed => texts.checkpointed,
        Act::Commented => texts.commented,
        Act::Corrected => texts.corrected,
        Act::Decided => texts.decided,
        Act::Declined => texts.declined,
        Act::Deleted => texts.deleted,
        Act::Dropped => texts.dropped,
        Act::Erased => texts.erased,
        Act::Exported => texts.exported,
        Act::HoldLifted => texts.hold_lifted,
        Act::HoldPlaced => texts.hold_placed,
        Act::KeyImported => texts.key_imported,
        Act::KeyRemoved => texts.key_removed,
        Act::LoggedIn => texts.logged_in,
        Act::LoggedOut => texts.logged_out,
        Act::LoginFailed => texts.login_failed,
        Act::Notified => texts.notified,
        Act::Overridden => texts.overridden,
        Act::Proposed => texts.proposed,
        Act::Rejected => texts.rejected,
        Act::Released => texts.released,
        Act::Revealed => texts.revealed,
        Act::Searched => texts.searched,
        Act::Sent => texts.sent,
        Act::SettingsLoaded => texts.settings_loaded,
        Act::Viewed => texts.viewed,
        Act::WrongAlarm => texts.wrong_alarm,
    }
}

/// What became of a message, in words.
pub(super) fn fate_text(fate: Fate, language: Language) -> &'static str {
    let texts = Fates::of(language);
    match fate {
        Fate::Deferred => texts.deferred,
        Fate::Encrypted => texts.encrypted,
        Fate::Held => texts.held,
        Fate::InClear => texts.in_clear,
        Fate::Overridden => texts.overridden,
        Fate::Refused => texts.refused,
        Fate::ReleasedEncrypted => texts.released_encrypted,
        Fate::ReleasedInClear => texts.released_in_clear,
    }
}

impl Texts {
    /// A level, in words.
    pub(super) fn level(&self, level: Level) -> &'static str {
        match level {
            Level::Info => self.info,
            Level::Low => self.low,
            Level::Medium => self.medium,
            Level::High => self.high,
            Level::Critical => self.critical,
        }
    }

    /// A role, in words.
    pub(super) fn role(&self, role: Role) -> &'static str {
        match role {
            Role::Administrator => self.administrator,
            Role::Approver => self.approver,
            Role::Auditor => self.auditor,
            Role::Officer => self.officer,
            Role::Reviewer => self.reviewer,
            Role::Viewer => self.viewer,
        }
    }

    /// A direction, in words.
    pub(super) fn direction(&self, direction: Direction) -> &'static str {
        match direction {
            Direction::Inbound => self.inbound,
            Direction::Internal => self.internal,
            Direction::Outbound => self.outbound,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_there_and_none_speaks_of_the_law() {
        for (name, texts) in [Texts::all(), Fates::all(), Acts::all()].concat() {
            for text in texts {
                let small = text.to_lowercase();
                assert!(!small.is_empty() && small == small.trim_end(), "{name}");
                assert!(!small.contains("the law") && !small.contains("loven"), "{name}: {text}");
            }
        }
    }
}
