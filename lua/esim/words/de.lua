-- Deutsch. Die Namen der Einstellungen sind die, die iOS und Android zeigen.
return {
  lang = "de", dir = "ltr", colon = ":",

  install_title = "Ihre eSIM installieren",
  install_lead = "Das dauert etwa zwei Minuten. Bleiben Sie bis zum Ende mit dem WLAN verbunden.",
  direct_title = "Direkt auf dem Gerät",
  install_ios = "Auf dem iPhone installieren",
  install_android = "Auf Android installieren",
  install_windows = "Unter Windows installieren",
  needs = "ab {version}",
  android_note = "auf den meisten Handys, nicht auf allen",
  direct_note = "Wenn nichts geschieht, öffnen Sie diese Seite in Safari oder Chrome statt in einer "
    .. "anderen App, oder scannen Sie den QR-Code.",
  scan_title = "Den QR-Code scannen",
  scan_lead = "Zeigen Sie ihn auf einem anderen Bildschirm oder auf Papier und scannen Sie ihn mit dem Handy, "
    .. "das die eSIM bekommt.",
  scan_alt = "QR-Code, der Ihre eSIM installiert",
  steps_title = "Schritt für Schritt",
  ios = "iPhone",
  ios_step_1 = "Öffnen Sie „Einstellungen“ und tippen Sie auf „Mobilfunk“.",
  ios_step_2 = "Tippen Sie auf „eSIM hinzufügen“, dann auf „QR-Code verwenden“.",
  ios_step_3 = "Scannen Sie den QR-Code dieser Seite und folgen Sie den Anweisungen.",
  ios_manual = "Ohne Kamera: Tippen Sie dort auf „Details manuell eingeben“ und geben Sie ein",
  ios_address = "SM-DP+-Adresse",
  ios_code = "Aktivierungscode",
  ios_confirmation = "Bestätigungscode",
  android = "Android",
  android_step_1 = "Öffnen Sie „Einstellungen“. Pixel: „Netzwerk & Internet“, dann „SIM-Karten“. "
    .. "Samsung: „Verbindungen“, dann „SIM-Manager“.",
  android_step_2 = "Tippen Sie auf „eSIM hinzufügen“ oder auf „SIM hinzufügen“ und „eSIM einrichten“.",
  android_step_3 = "Scannen Sie den QR-Code dieser Seite und folgen Sie den Anweisungen.",
  android_manual = "Ohne Kamera: Wählen Sie stattdessen, den Aktivierungscode einzugeben, und geben Sie ein",
  android_code = "Aktivierungscode",
  android_confirmation = "Bestätigungscode",
  android_prefix = "Nimmt das Handy ihn nicht an, schreiben Sie LPA: davor.",
  code_empty = "leer lassen",
  confirmation_note = "Der Händler gibt ihn Ihnen getrennt.",
  copy = "Kopieren",
  copied = "Kopiert",
  copied_what = "{label}: kopiert.",
  copy_failed = "Das Kopieren hat nicht funktioniert. Der Text ist markiert: Kopieren Sie ihn von Hand.",
  secret = "Zeigen Sie diese Seite niemandem: Wer den Code hat, kann Ihren Anschluss übernehmen.",
  once = "Der Code funktioniert nur einmal. Löschen Sie die eSIM nach dem Installieren nicht.",
  help = "Hilfe",

  topup_title = "Ihre eSIM ist aufgeladen",
  topup_text = "Es gibt nichts zu installieren: Ihre vorhandene eSIM läuft weiter.",

  waiting_title = "Ihre eSIM ist unterwegs",
  waiting_lead = "Sie erscheint hier, sobald sie bereit ist. Sie können auch später über denselben Link "
    .. "wiederkommen.",
  stages = "Fortschritt",
  stage_accepted = "Bestellung angenommen",
  stage_making = "In Vorbereitung",
  stage_ready = "Bereit zum Installieren",
  status_accepted = "Die Bestellung wurde angenommen.",
  status_making = "Ihre eSIM wird vorbereitet.",
  status_ready = "Ihre eSIM ist bereit.",
  connection_lost = "Die Verbindung ist unterbrochen. Diese Seite verbindet sich von selbst neu, und Ihre "
    .. "Bestellung läuft weiter.",
  trouble = "Es dauert länger als üblich. Diese Seite prüft von selbst weiter, und Ihre Bestellung läuft weiter.",
  expired = "Dieser Link ist abgelaufen. Lassen Sie sich vom Händler einen neuen geben; Ihre Bestellung läuft weiter.",

  failed_title = "Ihre eSIM konnte nicht erstellt werden",
  failed_text = "Die Bestellung ist fehlgeschlagen und wird nicht von selbst wiederholt.",
  failed_do = "Wenden Sie sich an den Händler, bei dem Sie sie gekauft haben, und nennen Sie diese Nummer:",
  order_number = "Bestellnummer",

  unavailable_title = "Ihre eSIM kann gerade nicht angezeigt werden",
  unavailable_wait = "Ihre Bestellung ist sicher. Diese Seite prüft gleich von selbst wieder.",
  unavailable_shop = "Ihre Bestellung ist sicher, doch die eSIM kann hier nicht angezeigt werden. Wenden "
    .. "Sie sich an den Händler, bei dem Sie sie gekauft haben.",

  mail_subject = "Ihre eSIM ist bereit zum Installieren",
  mail_subject_brand = "Ihre eSIM von {brand}",
  mail_page = "Installationsseite öffnen",
  mail_page_note = "Sie zeigt den QR-Code größer und hat Schaltflächen zum Kopieren.",
  mail_direct_note = "Wenn nichts geschieht: Öffnen Sie den Link in Safari oder Chrome, oder scannen Sie den "
    .. "QR-Code.",
  mail_scan_lead = "Öffnen Sie diese E-Mail auf einem anderen Bildschirm oder drucken Sie sie aus, und scannen Sie den "
    .. "Code mit dem Handy, das die eSIM bekommt.",
  mail_step_3 = "Scannen Sie den QR-Code dieser E-Mail und folgen Sie den Anweisungen.",
  mail_secret = "Leiten Sie diese E-Mail nicht weiter: Wer den Code hat, kann Ihren Anschluss übernehmen.",
}
