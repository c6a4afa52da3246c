//! What the page behind a personal link says.

use super::texts::texts;

texts! {
    /// The texts of the page for a sender.
    SenderTexts {
        title_held: "E-posten din venter på gjennomgang", "E-posten din ventar på gjennomgang", "Your message is waiting for review";
        title_done: "Slik gikk det med e-posten din", "Slik gjekk det med e-posten din", "What became of your message";
        title_refused: "E-posten din ble ikke sendt", "E-posten din blei ikkje send", "Your message was not sent";
        lead_held: "Du kan selv velge hva som skal skje. Gjør du ingenting, ser noen som har det i oppgave, på den.", "Du kan sjølv velje kva som skal skje. Gjer du ingenting, ser nokon som har det i oppgåve, på han.", "You can choose what happens. If you do nothing, somebody whose task it is will look at it.";
        lead_refused: "Her ser du hva som ble funnet. Ingenting av e-posten er tatt vare på, så du kan sende den på nytt på en trygg måte.", "Her ser du kva som blei funne. Ingenting av e-posten er teke vare på, så du kan sende han på nytt på ein trygg måte.", "Here you see what was found. Nothing of the message was kept, so you can send it again in a safe way.";
        unnamed_one: "1 mottaker", "1 mottakar", "1 recipient";
        unnamed_many: "{count} mottakere", "{count} mottakarar", "{count} recipients";
        became_deleted: "ikke sendt, slettet", "ikkje send, sletta", "not sent, deleted";
        became_failed: "ikke levert: neste tjener tok den ikke imot", "ikkje levert: neste tenar tok ikkje imot han", "not delivered: the next server did not take it";
        became_held: "ikke sendt, venter på gjennomgang", "ikkje send, ventar på gjennomgang", "not sent, waiting for review";
        became_leaving: "på vei ut", "på veg ut", "on its way";
        became_refused: "ikke sendt", "ikkje send", "not sent";
        became_sent: "sendt videre", "send vidare", "passed on";
        cut: "Det kan være mer enn det som er listet opp.", "Det kan vere meir enn det som er lista opp.", "There may be more than is listed.";
        head_choices: "Hva vil du gjøre?", "Kva vil du gjere?", "What do you want to do?";
        once: "Lenken kan brukes til én av delene, én gang.", "Lenkja kan brukast til éin av delane, éin gong.", "The link can be used for one of these, once.";
        encrypt_head: "Send den kryptert nå", "Send han kryptert no", "Send it encrypted now";
        encrypt_text: "Vi har en krypteringsnøkkel for hver mottaker. E-posten blir kryptert og sendt med det samme.", "Vi har ein krypteringsnøkkel for kvar mottakar. E-posten blir kryptert og send med ein gong.", "We have a key for every recipient. The message is encrypted and sent at once.";
        encrypt_button: "Send kryptert", "Send kryptert", "Send encrypted";
        withdraw_head: "Jeg har fjernet opplysningene", "Eg har fjerna opplysningane", "I removed it";
        withdraw_text: "E-posten som venter, blir slettet og ikke sendt. Send den på nytt uten opplysningene, eller la være.", "E-posten som ventar, blir sletta og ikkje send. Send han på nytt utan opplysningane, eller lat vere.", "The waiting message is deleted and not sent. Send it again without the data, or leave it.";
        withdraw_button: "Trekk tilbake og slett", "Trekk tilbake og slett", "Withdraw and delete";
        report_head: "Dette er feil", "Dette er feil", "This is wrong";
        report_text_held: "Si fra om at det som ble funnet, ikke er slike opplysninger. E-posten venter fortsatt, og de som går gjennom den, ser hva du har skrevet.", "Sei frå om at det som blei funne, ikkje er slike opplysningar. E-posten ventar framleis, og dei som går gjennom han, ser kva du har skrive.", "Tell us that what was found is no such data. The message goes on waiting, and those who review it see what you wrote.";
        report_text_refused: "Si fra om at det som ble funnet, ikke er slike opplysninger. De som har ansvar for reglene, ser hva du har skrevet.", "Sei frå om at det som blei funne, ikkje er slike opplysningar. Dei som har ansvar for reglane, ser kva du har skrive.", "Tell us that what was found is no such data. Those responsible for the rules see what you wrote.";
        report_label: "Hva er det i stedet? (kan stå tomt)", "Kva er det i staden? (kan stå tomt)", "What is it instead? (may be left empty)";
        report_button: "Meld fra om feil", "Meld frå om feil", "Report a mistake";
        override_head: "Send den likevel", "Send han likevel", "Send it all the same";
        override_text: "E-posten blir sendt ukryptert, slik du skrev den. Begrunnelsen blir loggført med e-postadressen din.", "E-posten blir send ukryptert, slik du skreiv han. Grunngjevinga blir loggført med e-postadressa di.", "The message is sent without encryption, as you wrote it. Your reason is logged with your address.";
        override_label: "Begrunnelse, minst 20 tegn", "Grunngjeving, minst 20 teikn", "Reason, at least 20 characters";
        override_button: "Send ukryptert", "Send ukryptert", "Send without encryption";
        words_hint: "Skriv ikke fødselsnummer eller andre lange nummer her. Teksten blir lagret.", "Skriv ikkje fødselsnummer eller andre lange nummer her. Teksten blir lagra.", "Do not write identity numbers or other long numbers here. The text is kept.";
        used_head: "Lenken er brukt", "Lenkja er brukt", "The link has been used";
        used_encrypt: "Du valgte å sende e-posten kryptert.", "Du valde å sende e-posten kryptert.", "You chose to send the message encrypted.";
        used_withdraw: "Du trakk e-posten tilbake. Den er slettet.", "Du trekte e-posten tilbake. Han er sletta.", "You withdrew the message. It is deleted.";
        used_report: "Du meldte fra om feil. Takk, det blir sett på.", "Du melde frå om feil. Takk, det blir sett på.", "You reported a mistake. Thank you, it will be looked at.";
        used_override: "Du sendte e-posten likevel, med en begrunnelse.", "Du sende e-posten likevel, med ei grunngjeving.", "You sent the message all the same, with a reason.";
        used_proposed: "Du ba om å få sende e-posten likevel. Den gjelder så mange at én til må si ja. Begrunnelsen din er gitt videre, og e-posten venter.", "Du bad om å få sende e-posten likevel. Han gjeld så mange at éin til må seie ja. Grunngjevinga di er gitt vidare, og e-posten ventar.", "You asked to send the message all the same. It is about so many people that one more person must agree. Your reason was passed on, and the message waits.";
        used_more: "Vil du noe mer, så ta kontakt og oppgi referansen.", "Vil du noko meir, så ta kontakt og oppgje referansen.", "If you want something more, get in touch and give the reference.";
        stopped_head: "Det ble ikke gjort", "Det blei ikkje gjort", "It was not done";
        stopped_kept: "E-posten må tas vare på inntil videre og kan ikke slettes nå. Den blir ikke sendt av seg selv.", "E-posten må takast vare på inntil vidare og kan ikkje slettast no. Han blir ikkje send av seg sjølv.", "The message must be kept for the time being and cannot be deleted now. It is not sent by itself.";
        stopped_settled: "E-posten venter ikke lenger.", "E-posten ventar ikkje lenger.", "The message is not waiting any more.";
        stopped_forbidden: "Retningslinjene våre lar ikke avsenderen gjøre dette med denne e-posten.", "Retningslinjene våre lèt ikkje avsendaren gjere dette med denne e-posten.", "Our policy does not let the sender do this with this message.";
        stopped_unsealed: "E-posten kan ikke krypteres for alle mottakerne, eller opplysningene står på et sted som krypteringen ikke dekker.", "E-posten kan ikkje krypterast for alle mottakarane, eller opplysningane står på ein stad som krypteringa ikkje dekkjer.", "The message cannot be encrypted for all recipients, or the data stands in a place that encryption does not reach.";
        stopped_short: "Begrunnelsen må ha minst 20 tegn.", "Grunngjevinga må ha minst 20 teikn.", "The reason must have at least 20 characters.";
        stopped_long: "Teksten er for lang.", "Teksten er for lang.", "The text is too long.";
        stopped_number: "Teksten ser ut til å inneholde et nummer eller andre sensitive opplysninger. Skriv den uten. Ingenting av den er lagret.", "Teksten ser ut til å innehalde eit nummer eller andre sensitive opplysningar. Skriv han utan. Ingenting av han er lagra.", "The text seems to hold a number or other sensitive data. Write it without. Nothing of it was kept.";
        stopped_used: "Lenken var brukt fra før, og det ble ikke gjort noe mer.", "Lenkja var brukt frå før, og det blei ikkje gjort noko meir.", "The link had been used before, and nothing more was done.";
        stopped_unclear: "Velg én av delene på siden.", "Vel éin av delane på sida.", "Choose one of the things on the page.";
        later: "Det gikk ikke nå. Prøv igjen om litt. Ingenting er endret.", "Det gjekk ikkje no. Prøv igjen om litt. Ingenting er endra.", "That did not work now. Try again in a while. Nothing was changed.";
        private: "Denne siden er bare for deg. Ikke gi adressen videre.", "Denne sida er berre for deg. Ikkje gi adressa vidare.", "This page is for you alone. Do not pass its address on.";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_exists_and_keeps_to_its_language() {
        let english = ["the", "and", "is", "was", "you", "your", "not", "of", "message", "this"];
        let only_nb = ["ikke", "hva", "noen", "noe", "jeg", "fra", "et", "en", "den", "være"];
        let only_nn =
            ["ikkje", "kva", "nokon", "noko", "eg", "frå", "eit", "ein", "vere", "lenkja"];
        let none = |name: &str, text: &str, foreign: &[&str]| {
            let mut words = text.split(|c: char| !c.is_alphabetic()).map(str::to_lowercase);
            let found = words.find(|word| foreign.contains(&word.as_str()));
            assert!(found.is_none() && !text.trim().is_empty(), "{name}: {found:?} in: {text}");
        };
        for (name, [nb, nn, en]) in SenderTexts::all() {
            none(name, nb, &[&english[..], &only_nn].concat());
            none(name, nn, &[&english[..], &only_nb].concat());
            none(name, en, &["og", "er", "det", "ikke", "ikkje"]);
            let braces = |text: &str| text.matches('{').count();
            assert!(braces(nb) == braces(nn) && braces(nb) == braces(en), "{name}");
        }
    }
}
