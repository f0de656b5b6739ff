/* What reviewers type: comments in English and German, some with line breaks, some with lines that end in a, r or ja. */

export const SENTENCES = String.raw`
All fine, ok
agenda
as an annual rate for an area ok
Approved by finance, see the agenda
rather not, the amount is wrong
a small refund is fine
Are we sure about the date?
accurate to me
already paid last week
arrears are cleared
ask Sam about the area code
after review this looks fine
reads well, ship it
really? the total is off
refund already sent
rejected by the bank before
again and again the same error
argh, wrong order number
agreed with Lee by phone
a b c
an error in line three
any news on this?
at noon we can release it
array index out of range
rare case, but fine with me
ready when you are
recheck the rate, please
ran the numbers again, all good
regards, Rina
report attached\nthanks
see option a\nthen go on
this is plan a\nor plan b
wait for r\nor ask again
yes, take variant a\nit is cheaper
the fee is fair\nas far as I can tell
no further questions\nplease approve
one more thing\nask legal first
customer is angry\nrefund right away
the data is in area a\ncheck it
looks like a typo: "recieve"
Great, thanks
Ship it on Friday
Please wait for the audit
Not before the freeze ends
I'd say yes
Both invoices match
Same supplier as last year
Double charge, so refund it
Let's keep the old one
fine by me
Alles klar, passt
als Jahresrate für ein Areal ok
aber bitte erst morgen
auch in Ordnung
auf keinen Fall vor Freitag
aus meiner Sicht ja
ach so, dann ja
alle Angaben geprüft
an Rina weitergeben
Antwort folgt heute noch
richtig so
Rechnung ist bezahlt
raus damit
Rabatt passt nicht zum Vertrag
Rückfrage beim Lager
ruhig freigeben
reicht mir so
rund 400 Euro zu viel
Referenz fehlt noch
naja, eher nicht
na ja\nalso gut
das ist Variante a\nsie ist günstiger
Frage an Lee: a\noder b
bitte an den Kunden r\nzurückgeben
dann ja\nvon mir aus
ok, ja\nbitte senden
ist mir klar\nalso freigeben
siehe Anlage a\nund Anlage b
geht so nicht\nKunde wartet
der Betrag stimmt\nja
keine Einwände\nGruß Sam
Preis ist fair\nalso ja\ndanke
noch nicht fertig
Lieferung kam zu spät
bitte mit Lee klären
Gutschrift statt Erstattung
Termin passt uns gut
Datum prüfen
Summe stimmt
zwei Positionen fehlen
Kosten sind gedeckt
Danke für die Prüfung
Vertrag liegt bei
so freigeben
Kein Problem
sieht gut aus
Wir warten auf den Bericht
das war schon erledigt
Text ist jetzt korrekt`
  .trim()
  .split("\n")
  .map((line) => line.replaceAll("\\n", "\n"));
