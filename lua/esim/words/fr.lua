-- Français. Les noms des réglages sont ceux qu'affichent iOS et Android. Les espaces devant : ; » et après « sont
-- insécables.
return {
  lang = "fr", dir = "ltr", colon = " :",

  install_title = "Installez votre eSIM",
  install_lead = "Cela prend environ deux minutes. Restez connecté au Wi‑Fi jusqu’à la fin.",
  direct_title = "Directement sur l’appareil",
  install_ios = "Installer sur iPhone",
  install_android = "Installer sur Android",
  install_windows = "Installer sur Windows",
  needs = "{version} ou ultérieur",
  android_note = "la plupart des téléphones, mais pas tous",
  direct_note = "Si rien ne se passe, ouvrez cette page dans Safari ou Chrome, et non dans une autre application, "
    .. "ou scannez le code QR.",
  scan_title = "Scannez le code QR",
  scan_lead = "Affichez-le sur un autre écran ou sur papier, et scannez-le avec le téléphone qui reçoit l’eSIM.",
  scan_alt = "Code QR qui installe votre eSIM",
  steps_title = "Étape par étape",
  ios = "iPhone",
  ios_step_1 = "Ouvrez « Réglages » et touchez « Données cellulaires ».",
  ios_step_2 = "Touchez « Ajouter une eSIM », puis « Utiliser un code QR ».",
  ios_step_3 = "Scannez le code QR de cette page et suivez les instructions.",
  ios_manual = "Sans l’appareil photo : touchez « Saisir les détails manuellement » et saisissez",
  ios_address = "Adresse SM-DP+",
  ios_code = "Code d’activation",
  ios_confirmation = "Code de confirmation",
  android = "Android",
  android_step_1 = "Ouvrez « Paramètres ». Pixel : « Réseau et Internet », puis « SIM ». "
    .. "Samsung : « Connexions », puis « Gestionnaire de carte SIM ».",
  android_step_2 = "Touchez « Ajouter une eSIM », ou « Ajouter une SIM » et « Configurer une eSIM ».",
  android_step_3 = "Scannez le code QR de cette page et suivez les instructions.",
  android_manual = "Sans l’appareil photo : choisissez de saisir le code d’activation, et saisissez",
  android_code = "Code d’activation",
  android_confirmation = "Code de confirmation",
  android_prefix = "Si le téléphone ne l’accepte pas, ajoutez LPA: devant.",
  code_empty = "laissez vide",
  confirmation_note = "La boutique vous le donne séparément.",
  copy = "Copier",
  copied = "Copié",
  copied_what = "{label} : copié.",
  copy_failed = "La copie n’a pas fonctionné. Le texte est sélectionné : copiez-le à la main.",
  secret = "Ne montrez cette page à personne : quiconque a le code peut prendre le contrôle de votre ligne.",
  once = "Le code ne fonctionne qu’une fois. Ne supprimez pas l’eSIM après l’installation.",
  help = "Obtenir de l’aide",

  topup_title = "Votre eSIM est rechargée",
  topup_text = "Il n’y a rien à installer : l’eSIM que vous avez continue de fonctionner.",

  waiting_title = "Votre eSIM est en route",
  waiting_lead = "Elle apparaît ici dès qu’elle est prête. Vous pouvez aussi revenir plus tard par le même lien.",
  stages = "Progression",
  stage_accepted = "Commande acceptée",
  stage_making = "En préparation",
  stage_ready = "Prête à installer",
  status_accepted = "La commande a été acceptée.",
  status_making = "Votre eSIM est en préparation.",
  status_ready = "Votre eSIM est prête.",
  connection_lost = "La connexion est perdue. Cette page se reconnecte toute seule et votre commande suit "
    .. "son cours.",
  trouble = "Cela prend plus de temps que d’habitude. Cette page continue de vérifier et votre commande "
    .. "suit son cours.",
  expired = "Ce lien a expiré. Demandez-en un nouveau à la boutique ; votre commande suit son cours.",

  failed_title = "Votre eSIM n’a pas pu être créée",
  failed_text = "La commande a échoué et ne sera pas retentée automatiquement.",
  failed_do = "Contactez la boutique où vous l’avez achetée et indiquez ce numéro :",
  order_number = "Numéro de commande",

  unavailable_title = "Votre eSIM ne peut pas être affichée pour le moment",
  unavailable_wait = "Votre commande est en sécurité. Cette page vérifie à nouveau toute seule dans un instant.",
  unavailable_shop = "Votre commande est en sécurité, mais l’eSIM ne peut pas être affichée ici. "
    .. "Contactez la boutique où vous l’avez achetée.",

  mail_subject = "Votre eSIM est prête à être installée",
  mail_subject_brand = "Votre eSIM de {brand}",
  mail_page = "Ouvrir la page d’installation",
  mail_page_note = "Elle affiche le code QR en plus grand et a des boutons pour copier.",
  mail_direct_note = "Si rien ne se passe, ouvrez le lien dans Safari ou Chrome, ou scannez le code QR.",
  mail_scan_lead = "Ouvrez cet e-mail sur un autre écran, ou imprimez-le, et scannez le code avec le téléphone qui "
    .. "reçoit l’eSIM.",
  mail_step_3 = "Scannez le code QR de cet e-mail et suivez les instructions.",
  mail_secret = "Ne transférez pas cet e-mail : quiconque a le code peut prendre le contrôle de votre ligne.",
}
