//! What the pages of the audit log say.

use crate::web::texts::texts;

texts! {
    /// The texts of the audit log.
    AuditTexts {
        title: "Revisjonslogg", "Revisjonslogg", "Audit log";
        lead: "Alt som er avgjort, sett og gjort. Loggen inneholder verken innhold eller hele numre.", "Alt som er avgjort, sett og gjort. Loggen inneheld verken innhald eller heile nummer.", "All that was decided, seen and done. The log holds neither content nor whole numbers.";
        event: "Melding", "Melding", "Message";
        actor: "Hvem", "Kven", "Who";
        act: "Hva", "Kva", "What";
        any: "alt", "alt", "anything";
        ends: "slettinger og plikt til å bevare", "slettingar og plikt til å ta vare på", "deletions and legal holds";
        search: "Søk", "Søk", "Search";
        row: "Rad", "Rad", "Row";
        at: "Tid (UTC)", "Tid (UTC)", "Time (UTC)";
        facts: "Mer", "Meir", "More";
        none: "Ingen rader passer.", "Ingen rader passar.", "No rows fit.";
        older: "Eldre rader", "Eldre rader", "Older rows";
        newest: "Til de nyeste", "Til dei nyaste", "To the newest";
        wrong: "Skriv en melding med 20 bokstaver og dager som 2026-11-23.", "Skriv ei melding med 20 bokstavar og dagar som 2026-11-23.", "Write a message as 20 letters, and days as 2026-11-23.";
        verify_title: "Kontroller kjeden", "Kontroller kjeda", "Check the chain";
        verify_lead: "Hver rad er bundet til den før, og kontrollpunktene er signert. En rad som er endret, fjernet eller satt inn, blir navngitt.", "Kvar rad er bunden til den før, og kontrollpunkta er signerte. Ei rad som er endra, fjerna eller sett inn, blir namngitt.", "Each row is tied to the one before, and the checkpoints are signed. A row that was altered, removed or put in is named.";
        verify: "Kontroller nå", "Kontroller no", "Check now";
        holds: "Kjeden holder: {} rader, ingen endret, fjernet eller satt inn.", "Kjeda held: {} rader, inga endra, fjerna eller sett inn.", "The chain holds: {} rows, none altered, removed or put in.";
        points: "Signerte kontrollpunkter: {}. Signert til og med rad: {}.", "Signerte kontrollpunkt: {}. Signert til og med rad: {}.", "Signed checkpoints: {}. Signed up to row: {}.";
        gone: "Radene før rad {} er borte fordi tiden deres var ute.", "Radene før rad {} er borte fordi tida deira var ute.", "The rows before row {} are gone because their time was over.";
        broken: "Kjeden holder ikke ved rad {}.", "Kjeda held ikkje ved rad {}.", "The chain does not hold at row {}.";
        broken_do: "Noen eller noe har endret loggen utenom Sluse. Ta vare på maskinen og si fra til den sikkerhetsansvarlige.", "Nokon eller noko har endra loggen utanom Sluse. Ta vare på maskina og sei frå til den tryggleiksansvarlege.", "Somebody or something altered the log without Sluse. Preserve the machine and tell whoever is responsible for security.";
        why_altered: "Raden er endret eller flyttet.", "Rada er endra eller flytta.", "The row was altered or moved.";
        why_checkpoint: "Kontrollpunktet for raden holder ikke.", "Kontrollpunktet for rada held ikkje.", "The checkpoint of the row does not hold.";
        why_cut: "Slutten av loggen er kuttet bort.", "Slutten av loggen er kutta bort.", "The end of the log was cut off.";
        why_extra: "Raden hører ikke til i loggen.", "Rada høyrer ikkje til i loggen.", "The row does not belong to the log.";
        why_head: "Oppføringen om den siste raden mangler eller er endret.", "Oppføringa om den siste rada manglar eller er endra.", "The record of the last row is missing or was altered.";
        why_missing: "Raden mangler.", "Rada manglar.", "The row is missing.";
        why_start: "Oppføringen om hvor loggen begynner, er endret.", "Oppføringa om kvar loggen byrjar, er endra.", "The record of where the log begins was altered.";
        why_other: "Den stemmer ikke.", "Ho stemmer ikkje.", "It does not match.";
        too_long: "Det tok for lang tid her. Bruk kommandolinjen.", "Det tok for lang tid her. Bruk kommandolinja.", "It took too long here. Use the command line.";
        export_title: "Ta ut en kopi", "Ta ut ein kopi", "Take a copy";
        export_lead: "Et uttrekk med hele rader kan kontrolleres av andre med kommandolinjen og den offentlige nøkkelen.", "Eit uttrekk med heile rader kan kontrollerast av andre med kommandolinja og den offentlege nøkkelen.", "Others can check a copy of whole rows with the command line and the public key.";
        export_what: "Hva", "Kva", "What";
        export_all: "alle rader", "alle rader", "all rows";
        export_ends: "bevis for slettinger", "bevis for slettingar", "evidence of deletions";
        export_jsonl: "Last ned JSON-linjer", "Last ned JSON-linjer", "Download JSON lines";
        export_csv: "Last ned CSV", "Last ned CSV", "Download CSV";
        export_none: "Det er ingen rader i disse dagene.", "Det er ingen rader i desse dagane.", "There are no rows in these days.";
        export_many: "Det er for mange rader for en side. Velg færre dager, eller bruk kommandolinjen.", "Det er for mange rader for ei side. Vel færre dagar, eller bruk kommandolinja.", "There are too many rows for a page. Choose fewer days, or use the command line.";
        key: "Offentlig nøkkel", "Offentleg nøkkel", "Public key";
        checkpoint: "Siste kontrollpunkt", "Siste kontrollpunkt", "Last checkpoint";
        checkpoint_at: "rad {}, {} UTC", "rad {}, {} UTC", "row {}, {} UTC";
        checkpoint_none: "ingen ennå", "ingen enno", "none yet";
    }
}

impl AuditTexts {
    /// What is wrong at a place of the chain, in words.
    pub(super) fn why(&self, why: &str) -> &'static str {
        match why {
            "the row was altered or moved" => self.why_altered,
            "the row is missing" => self.why_missing,
            "the row is not in the log" => self.why_extra,
            "the end of the log was cut off" => self.why_cut,
            "the checkpoint of this row does not hold" => self.why_checkpoint,
            "the head record is missing or was altered" => self.why_head,
            "the start record was altered" => self.why_start,
            _new => self.why_other,
        }
    }
}
