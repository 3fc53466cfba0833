"""The same few facts, written in many languages."""

from __future__ import annotations

TEXTS = {
    "en": "The new bridge over the river was opened by the mayor in 1998. It carries about forty "
    "thousand vehicles each day, and repairs are paid for with the tolls of the drivers.",
    "de": "Die neue Brücke über den Fluss wurde 1998 vom Bürgermeister eröffnet. Täglich fahren "
    "rund vierzigtausend Fahrzeuge darüber, und die Reparaturen werden mit der Maut bezahlt.",
    "fr": "Le nouveau pont sur la rivière a été inauguré par le maire en 1998. Il est emprunté par "
    "quarante mille véhicules chaque jour, et les réparations sont financées par les péages.",
    "es": "El nuevo puente sobre el río fue inaugurado por el alcalde en 1998. Lo cruzan cuarenta "
    "mil vehículos cada día, y las reparaciones se pagan con los peajes de los conductores.",
    "it": "Il nuovo ponte sul fiume è stato inaugurato dal sindaco nel 1998. Lo attraversano "
    "quarantamila veicoli al giorno, e le riparazioni sono pagate con i pedaggi.",
    "pt": "A nova ponte sobre o rio foi inaugurada pelo prefeito em 1998. Ela recebe quarenta mil "
    "veículos por dia, e as reparações são pagas com os pedágios dos motoristas.",
    "nl": "De nieuwe brug over de rivier werd in 1998 door de burgemeester geopend. Er rijden elke "
    "dag veertigduizend voertuigen over, en de reparaties worden met de tol betaald.",
    "sv": "Den nya bron över floden öppnades av borgmästaren 1998. Varje dag kör fyrtio tusen "
    "fordon över den, och reparationerna betalas med vägtullar från förarna.",
    "fi": "Pormestari avasi uuden sillan joen yli vuonna 1998. Sen kautta kulkee joka päivä noin "
    "neljäkymmentätuhatta ajoneuvoa, ja korjaukset on maksettu tietulleilla.",
    "pl": "Nowy most nad rzeką został otwarty przez burmistrza w 1998 roku. Codziennie przejeżdża "
    "po nim czterdzieści tysięcy pojazdów, a naprawy są opłacane z opłat od kierowców.",
    "tr": "Nehrin üzerindeki yeni köprü 1998 yılında belediye başkanı tarafından açıldı. Her gün "
    "kırk bin araç geçiyor ve onarımlar için geçiş ücretleri kullanılıyor.",
    "ru": "Новый мост через реку был открыт мэром в 1998 году. Каждый день по нему проезжает сорок "
    "тысяч машин, а ремонт оплачивается из дорожных сборов.",
    "uk": "Новий міст через річку був відкритий мером у 1998 році. Щодня по ньому проїжджає сорок "
    "тисяч машин, і ремонт оплачується з дорожніх зборів.",
    "el": "Η νέα γέφυρα πάνω από το ποτάμι εγκαινιάστηκε από τον δήμαρχο το 1998. Την περνούν κάθε "
    "μέρα σαράντα χιλιάδες οχήματα και οι επισκευές πληρώνονται με τα διόδια.",
    "ar": "افتتح رئيس البلدية الجسر الجديد فوق النهر في عام 1998. تعبره كل يوم أربعون ألف سيارة، "
    "وتدفع تكاليف الإصلاحات من رسوم المرور.",
    "hi": "नदी पर नया पुल 1998 में महापौर ने खोला था। हर दिन चालीस हज़ार वाहन इसे पार "
    "करते हैं और मरम्मत का खर्च टोल से आता है।",
    "zh": "这座跨越河流的新桥于1998年由市长宣布开通。每天有四万辆汽车通过，维修费用由过桥费支付。",
    "ja": "川に架かる新しい橋は1998年に市長によって開通しました。"
    "毎日四万台の車が通り、修理の費用は通行料金で賄われます。",
    "ko": "강을 가로지르는 새 다리는 1998년에 시장이 개통했습니다. "
    "매일 사만 대의 자동차가 지나가며 수리 비용은 통행료로 냅니다.",
    "th": "สะพานใหม่ข้ามแม่น้ำเปิดโดยนายกเทศมนตรีในปี 1998 มีรถยนต์ผ่านสี่หมื่นคันทุกวัน และค่าซ่อมแซมจ่ายจากค่าผ่านทาง",
}

QUERIES = {
    "en": "how many vehicles cross bridges",
    "de": "Wer hat die Brücken eröffnet?",
    "fr": "réparation des ponts et péage",
    "es": "¿Cómo se paga la reparación de los puentes?",
    "it": "chi ha inaugurato i ponti?",
    "pt": "reparação das pontes",
    "nl": "wie betaalt de reparatie van bruggen",
    "sv": "reparation av broar",
    "fi": "kuka avasi sillat",
    "pl": "most nad rzeką",
    "tr": "köprüler için geçiş ücreti",
    "ru": "ремонт мостов и дорожный сбор",
    "uk": "новий міст",
    "el": "επισκευή της γέφυρας",
    "ar": "الجسور على النهر",
    "hi": "पुल की मरम्मत",
    "zh": "谁宣布新桥开通？",
    "ja": "橋の修理費用は？",
    "ko": "다리의 수리 비용",
    "th": "ค่าซ่อมแซมสะพาน",
}
"""About the text of the language, with its words in other forms where it has them."""
