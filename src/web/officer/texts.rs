//! What the pages of legal holds and reports say, and what all pages of the
//! officer have in common.

use crate::web::texts::texts;

texts! {
    /// The texts of legal holds and reports.
    OfficerTexts {
        purpose: "Formål", "Føremål", "Purpose";
        purpose_hint: "Skriv saksnummer eller grunn. Det står i revisjonsloggen i flere år, så skriv ingen personnummer eller helseopplysninger.", "Skriv saksnummer eller grunn. Det står i revisjonsloggen i fleire år, så skriv ingen personnummer eller helseopplysningar.", "Write a case number or a reason. It stays in the audit log for years, so write no identity number and no health data.";
        purpose_missing: "Skriv et formål på 1 til 2000 tegn.", "Skriv eit føremål på 1 til 2000 teikn.", "Write a purpose of 1 to 2000 characters.";
        purpose_sensitive: "Formålet inneholder et nummer eller andre opplysninger som ikke kan stå i loggen. Skriv det uten.", "Føremålet inneheld eit nummer eller andre opplysningar som ikkje kan stå i loggen. Skriv det utan.", "The purpose holds a number or other data that cannot stand in the log. Write it without.";
        from: "Fra dag", "Frå dag", "From day";
        to: "Til dag", "Til dag", "To day";
        dates_wrong: "Skriv dager som 2026-11-23.", "Skriv dagar som 2026-11-23.", "Write days as 2026-11-23.";
        times_utc: "Alle tider er i UTC.", "Alle tider er i UTC.", "All times are in UTC.";
        holds_title: "Meldinger som må bevares", "Meldingar som må takast vare på", "Legal holds";
        holds_lead: "En melding på denne listen blir ikke slettet når tiden er ute, og kan ikke slettes for noen, før plikten er opphevet.", "Ei melding på denne lista blir ikkje sletta når tida er ute, og kan ikkje slettast for nokon, før plikta er oppheva.", "A message on this list is not deleted when its time is over, and cannot be erased for anyone, until the hold is lifted.";
        holds_none: "Ingen meldinger må bevares nå.", "Ingen meldingar må takast vare på no.", "There are no legal holds now.";
        holds_event: "Melding", "Melding", "Message";
        holds_since: "Siden (UTC)", "Sidan (UTC)", "Since (UTC)";
        holds_by: "Av", "Av", "By";
        holds_why: "Grunn", "Grunn", "Reason";
        holds_lift: "Opphev", "Opphev", "Lift";
        holds_lift_why: "Hvorfor oppheve", "Kvifor oppheve", "Why lift it";
        holds_place_title: "Ny melding som må bevares", "Ny melding som må takast vare på", "Place a hold";
        holds_place_what: "Meldingens navn", "Namnet på meldinga", "The name of the message";
        holds_place_hint: "20 bokstaver, slik den står i køen, i varselet eller i loggen.", "20 bokstavar, slik det står i køen, i varselet eller i loggen.", "20 letters, as in the queue, in the notice or in the log.";
        holds_place: "Bevar", "Ta vare på", "Place the hold";
        holds_placed: "Meldingen skal bevares.", "Meldinga skal takast vare på.", "The hold is placed.";
        holds_lifted: "Plikten er opphevet. Tiden for meldingen teller igjen.", "Plikta er oppheva. Tida for meldinga tel igjen.", "The hold is lifted. The time of the message counts again.";
        holds_already: "Ingenting ble endret: det var slik fra før.", "Ingenting blei endra: det var slik frå før.", "Nothing was changed: it was so before.";
        holds_unknown: "Det finnes ingen holdt melding med det navnet.", "Det finst inga halden melding med det namnet.", "There is no held message of that name.";
        reports_title: "Rapporter", "Rapportar", "Reports";
        reports_lead: "Rapportene viser ikke noe av innholdet, og kan skrives ut. At de ble laget, står i revisjonsloggen.", "Rapportane viser ikkje noko av innhaldet, og kan skrivast ut. At dei blei laga, står i revisjonsloggen.", "The reports show nothing of the content, and can be printed. That they were made stands in the audit log.";
        slip_title: "Avviksrapport", "Avviksrapport", "Incident report";
        slip_lead: "Grunnlag for en melding til tilsynsmyndigheten: hva slags opplysninger, hvor mange personer, hvor de skulle, og hva som er gjort.", "Grunnlag for ei melding til tilsynsorganet: kva slags opplysningar, kor mange personar, kvar dei skulle, og kva som er gjort.", "A basis for a notification to the supervisory authority: what kind of data, how many persons, where to, and what was done.";
        slip_event: "Én melding", "Éi melding", "One message";
        slip_hint: "La feltet stå tomt for å få alle meldinger med funn i noen dager.", "La feltet stå tomt for å få alle meldingar med funn i nokre dagar.", "Leave it empty to have all messages with findings of some days.";
        slip_scope_wrong: "Skriv navnet på én melding, eller den første dagen.", "Skriv namnet på éi melding, eller den første dagen.", "Write the name of one message, or the first day.";
        evidence_title: "Dokumentasjon til vurdering av personvernkonsekvenser", "Dokumentasjon til vurdering av personvernkonsekvensar", "Evidence for a data protection impact assessment";
        evidence_lead: "Regler, ruter, oppbevaring, nøkler, og om revisjonsloggen holder.", "Reglar, ruter, oppbevaring, nøklar, og om revisjonsloggen held.", "Rules, routes, retention, keys, and whether the audit log holds.";
        as_document: "Lag dokument", "Lag dokument", "Make a document";
        as_json: "Last ned som JSON", "Last ned som JSON", "Download as JSON";
        too_long: "Det tok for lang tid her. Bruk kommandolinjen.", "Det tok for lang tid her. Bruk kommandolinja.", "It took too long here. Use the command line.";
    }
}
