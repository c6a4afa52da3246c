//! What the pages of persons say.

use crate::web::texts::texts;

texts! {
    /// The texts of the pages of persons.
    PersonsTexts {
        title: "Innsyn og sletting", "Innsyn og sletting", "Persons";
        lead: "Finn alt som oppbevares om en person, og utlever, rett eller slett det. Alt du gjør her, står i revisjonsloggen.", "Finn alt som er teke vare på om ein person, og utlever, rett eller slett det. Alt du gjer her, står i revisjonsloggen.", "Find all that is kept about a person, and hand out, correct or erase it. All that you do here stands in the audit log.";
        by: "Let etter", "Let etter", "Look for";
        by_number: "fødselsnummer, D-nummer eller liknende", "fødselsnummer, D-nummer eller liknande", "an identity number";
        by_address: "e-postadresse", "e-postadresse", "an e-mail address";
        by_name: "navn", "namn", "a name";
        by_name_hint: "Et navn står ikke i noe register, så alt som er holdt tilbake, blir lest. Andre kan ha samme navn.", "Eit namn står ikkje i noko register, så alt som er halde tilbake, blir lese. Andre kan ha same namn.", "A name stands in no index, so everything that is held is read. Others may have the same name.";
        whom: "Nummer, adresse eller navn", "Nummer, adresse eller namn", "Number, address or name";
        whom_hint: "Det du skriver her, blir ikke vist igjen, ikke logget og ikke lagret.", "Det du skriv her, blir ikkje vist igjen, ikkje logga og ikkje lagra.", "What you write here is not shown again, not logged and not kept.";
        find: "Søk", "Søk", "Search";
        number_short: "Et slikt nummer har minst 9 sifre.", "Eit slikt nummer har minst 9 siffer.", "Such a number has at least 9 digits.";
        address_wrong: "Det er ikke en e-postadresse.", "Det er ikkje ei e-postadresse.", "That is not an e-mail address.";
        name_short: "Skriv hele navnet.", "Skriv heile namnet.", "Write the whole name.";
        found_title: "Dette oppbevares", "Dette er teke vare på", "What is kept";
        found_number: "Søk etter et nummer.", "Søk etter eit nummer.", "A search for a number.";
        found_address: "Søk etter en adresse.", "Søk etter ei adresse.", "A search for an address.";
        found_name: "Søk etter et navn. Se på hver melding før du sletter: andre kan ha samme navn.", "Søk etter eit namn. Sjå på kvar melding før du slettar: andre kan ha same namn.", "A search for a name. Look at each message before you erase: others may have the same name.";
        mark: "Personen i loggen", "Personen i loggen", "The person in the log";
        running_title: "Søker …", "Søkjer …", "Searching …";
        running: "Siden ser etter på nytt av seg selv. Du kan også laste den på nytt.", "Sida ser etter på nytt av seg sjølv. Du kan òg laste ho på nytt.", "The page looks again by itself. You can also load it again.";
        failed: "Søket ble ikke ferdig. Prøv igjen.", "Søket blei ikkje ferdig. Prøv igjen.", "The search did not end. Try again.";
        gone: "Søket er for gammelt. Søk på nytt.", "Søket er for gammalt. Søk på nytt.", "The search is too old. Search again.";
        nothing: "Ingenting oppbevares om personen.", "Ingenting er teke vare på om personen.", "Nothing is kept about the person.";
        unread: "Holdte meldinger som ikke kunne leses helt, og som kan skjule personen:", "Haldne meldingar som ikkje kunne lesast heilt, og som kan skjule personen:", "Held messages that could not be read whole, and may hide the person:";
        place_content: "i innholdet", "i innhaldet", "in the content";
        place_envelope: "som avsender eller mottaker", "som avsendar eller mottakar", "as sender or recipient";
        place_index: "bare i registeret: innholdet er borte eller kan ikke leses", "berre i registeret: innhaldet er borte eller kan ikkje lesast", "in the index only: the content is gone or cannot be read";
        legal_hold: "må bevares", "må takast vare på", "legal hold";
        held: "Holdt", "Halden", "Held";
        from: "Fra", "Frå", "From";
        to: "Til", "Til", "To";
        since: "Holdt siden (UTC)", "Halden sidan (UTC)", "Held since (UTC)";
        until: "Slettes (UTC)", "Blir sletta (UTC)", "Deleted (UTC)";
        state: "Status", "Status", "State";
        state_deleted: "slettet", "sletta", "deleted";
        state_held: "holdt", "halden", "held";
        state_rejected: "avvist", "avvist", "refused";
        state_released: "frigitt", "frigitt", "released";
        content: "Innhold", "Innhald", "Content";
        content_there: "finnes", "finst", "is there";
        content_gone: "er ødelagt", "er øydelagt", "is destroyed";
        sent: "Utlevert til", "Utlevert til", "Disclosed to";
        sent_none: "ingen, så vidt Sluse vet", "ingen, så langt Sluse veit", "nobody, as far as Sluse knows";
        sent_pending: "venter", "ventar", "pending";
        sent_sent: "sendt", "sendt", "sent";
        sent_failed: "ikke levert", "ikkje levert", "not delivered";
        sent_dropped: "gitt opp", "gitt opp", "given up";
        corrections: "Rettelser", "Rettingar", "Corrections";
        correct: "Legg til en rettelse", "Legg til ei retting", "Add a correction";
        correct_hint: "Hva som er feil, og hva som er riktig. Det lagres kryptert sammen med meldingen.", "Kva som er feil, og kva som er rett. Det blir lagra kryptert saman med meldinga.", "What is wrong, and what is right. It is kept encrypted with the message.";
        correct_do: "Lagre rettelsen", "Lagre rettinga", "Save the correction";
        tell: "Si fra til dem som har fått meldingen", "Sei frå til dei som har fått meldinga", "Tell those who got the message";
        tell_erased: "Adressene er overskrevet. De står bare her og i beviset, i et kvarter.", "Adressene er overskrivne. Dei står berre her og i beviset, i eit kvarter.", "The addresses are overwritten. They stand on this page and in the evidence alone, for a quarter of an hour.";
        tell_none: "Så vidt Sluse vet, har ingen fått den, og ingen trenger beskjed.", "Så langt Sluse veit, har ingen fått ho, og ingen treng beskjed.", "As far as Sluse knows, nobody got it, and nobody needs to be told.";
        corrected: "Rettelsen er lagret.", "Rettinga er lagra.", "The correction is saved.";
        choose: "Ta med", "Ta med", "Include";
        choose_none: "Velg minst én melding.", "Vel minst éi melding.", "Choose at least one message.";
        export: "Last ned pakke (ZIP)", "Last ned pakke (ZIP)", "Download package (ZIP)";
        export_hint: "Pakken har alt som oppbevares om personen: originaler, hvem de gikk til, og hvem som har sett dem. Den er ikke kryptert.", "Pakka har alt som er teke vare på om personen: originalar, kven dei gjekk til, og kven som har sett dei. Ho er ikkje kryptert.", "The package has all that is kept about the person: originals, whom they went to, and who has seen them. It is not encrypted.";
        too_big: "Pakken er for stor for en side. Bruk kommandolinjen.", "Pakka er for stor for ei side. Bruk kommandolinja.", "The package is too big for a page. Use the command line.";
        erase: "Slett de valgte", "Slett dei valde", "Erase the chosen";
        erase_sure: "Jeg har kontrollert at meldingene gjelder denne personen, og at de skal slettes. Det kan ikke angres.", "Eg har kontrollert at meldingane gjeld denne personen, og at dei skal slettast. Det kan ikkje angrast.", "I have checked that the messages are about this person and are to be erased. It cannot be undone.";
        erase_unsure: "Kryss av for at du har kontrollert meldingene.", "Kryss av for at du har kontrollert meldingane.", "Tick that you have checked the messages.";
        erased_title: "Slettet", "Sletta", "Erased";
        erased_lead: "Nøkler og innhold er ødelagt, og adressene er overskrevet. Loggen sier hva som ble slettet, for hvem som en kode, av hvem og hvorfor. Det den sa før, med skjulte verdier og filnavn, står til dens egen tid er over.", "Nøklar og innhald er øydelagde, og adressene er overskrivne. Loggen seier kva som blei sletta, for kven som ein kode, av kven og kvifor. Det han sa før, med skjulte verdiar og filnamn, står til hans eiga tid er over.", "Keys and content are destroyed, and the addresses are overwritten. The log says what was erased, for whom as a code, by whom and why. What it said before, with masked values and file names, stays until its own time is over.";
        erased_one: "slettet: holdte {}, i utkøen {}, mottakere som ikke får den {}", "sletta: haldne {}, i utkøen {}, mottakarar som ikkje får ho {}", "erased: held {}, in the outbox {}, recipients who will not get it {}";
        erased_kept: "ikke slettet: meldingen må bevares. Opphev plikten først, hvis grunnen er borte.", "ikkje sletta: meldinga må takast vare på. Opphev plikta først, om grunnen er borte.", "not erased: the message is under a legal hold. Lift it first, if its reason is gone.";
        erased_unswept: "Databasen var opptatt. Siste spor i filene forsvinner ved neste rydding.", "Databasen var oppteken. Dei siste spora i filene forsvinn ved neste rydding.", "The database was busy. The last traces in its files leave with the next purge.";
        evidence: "Last ned bevis for slettingen", "Last ned bevis for slettinga", "Download the evidence";
        again: "Nytt søk", "Nytt søk", "Search again";
    }
}

impl PersonsTexts {
    /// Where a person was found, in words.
    pub(super) fn place<'a>(&'a self, place: &'a str) -> &'a str {
        match place {
            "content" => self.place_content,
            "envelope" => self.place_envelope,
            "index" => self.place_index,
            other => other,
        }
    }

    /// How far a recipient is, in words.
    pub(super) fn sent_state<'a>(&'a self, state: &'a str) -> &'a str {
        match state {
            "dropped" => self.sent_dropped,
            "failed" => self.sent_failed,
            "pending" => self.sent_pending,
            "sent" => self.sent_sent,
            other => other,
        }
    }
}
