"""Captions that shops and creators really write, and words that clumsy filters trip over. None of them may be stopped."""

INNOCENT = [
    # words that contain other words
    "Scunthorpe market opens on Saturday", "Cocktail dress with cockerel print", "Shiitake mushroom soup in titanium pans",
    "An assassin in a classic Essex tale", "Grape juice and rapeseed oil", "Analysis by our therapist, Dr Dickens",
    "Cumin seeds, basmati and butter", "Peacock feathers on a Sussex bass guitar", "Penistone and Lightwater are towns",
    "rapping and clapping in the shuttle", "Matsushita radio, Mishit the tailor", "Arsenal scarf, assorted assets",
    "Pussy willow branches for spring", "Nude lipstick that lasts", "My nude heels with a beige bag", "Nude shade no. 4",
    "Moby Dick, the classic hardback", "Blue tits at the bird feeder", "Wild ass sanctuary in Kutch", "A kick ass playlist",
    "Black Opium perfume dupe test", "Tequila sunrise colours", "Cigarette pants with a high waist", "Whisky glasses, set of 2",
    "Tobacco brown suede boots", "Ivory colour lehenga", "Ivory lace gown", "Replica jersey, size L", "A vodka sauce pasta recipe",
    "UV lamp cures gel in 30 seconds", "Museum replica of a ship",
    # short pieces that could be glued together wrongly
    "This dress is a hit in size s", "Tom's hit song, now on vinyl", "Size S hit the stores", "An us brand for all of us",
    "Sizes: s, m, l, xl, xxl", "Pack of 3 | a b c | 1 2 3", "As soon as it is on, it is it", "x o x o", "D I Y at home",
    "A n a l y s i s of the trend", "Push it up, it fits", "U S A made", "T.h.e b.e.s.t", "L O V E this look", "S A L E ends today",
    # numbers that are no telephones
    "Sizes 6 7 8 9 10 11 12", "MRP ₹9,99,999 now ₹6,49,999", "Was 8999 now 6999", "Order 4006381333931",
    "8000 mAh, 6500 K, 9000 BTU",
    "Samsung A55 and S24 cases", "1080x1920 at 60 fps", "Sale till 31.12.2026, 9.30 to 21.30", "SKU 9876-543-210A",
    "Rs. 799/- only",
    "50% off, 3+1 free, 100% cotton", "@classic.ass0rted", "Open 24x7, 365 days", "Model 2345-67 B", "5*5 grid",
    # everyday captions
    "Soft linen shirt for summer. Pairs with our wide trousers, sizes S to XXL. #linen #ootd",
    "Three ways to drape a Kanjivaram saree", "Unboxing the new running shoes", "Five minute breakfast in one pan",
    "How to oil a cast iron kadhai", "Get ready with me: festive edition", "Say goodbye to frizz with this comb",
    "Hand-block printed in Jaipur", "Cast your vote: red or green?", "Kids' raincoats that really keep dry",
    "The softest dog bed in town", "Our tailor makes it to measure", "A gold vein of vintage finds", "Wow!! Just look at it :)",
    "Soft cotton.In all sizes", "It's so good... I can't even", "Buy 2 get 1 free (till Sunday)", "Must-have bag for college",
    "Yeh kurta kitna sundar hai", "Diwali ke liye best outfit", "Ghar ki sajawat ka naya andaaz", "Sirf 499 mein, jaldi karo",
    "Kutte ka khana ab 20% sasta", "Aaj ka look kaisa laga?", "Mummy ke liye sabse soft saree", "Ek dum mast fitting",
    "Sale sale sale! Saare kapde half price", "Chai ke saath kya loge?", "Ganna juice machine", "Garba night ke liye chaniya choli",
    "Lund University hoodie", "Haldi daru nahi, haldi doodh",
    "कुत्ते का खाना और पालतू कुत्ते के खिलौने", "गर्मी के लिए हल्की सूती साड़ी", "दिवाली की सजावट घर पर बनाएं",
    "केवल ₹1,499 में, आज ही", "माँ के लिए सबसे अच्छा तोहफ़ा", "नंगे पैर चलने जैसा आराम", "चाय और नाश्ते का सेट",
    "इस लहंगे की कढ़ाई देखिए", "बच्चों के लिए रंग-बिरंगे जूते", "५०% छूट, १०० दिन की वापसी",
    "Літня сукня з льону, усі розміри", "Застрахуй подорож заздалегідь", "Сучасний дизайн для дому",
    "Клейовий пістолет для рукоділля",
    "Порода сука, щеня шукає дім", "Як обрати кросівки для бігу", "Знижка 30% до неділі", "Рецепт борщу за 40 хвилин",
    "Сукня, сумка і сукулент", "Хуліганський настрій: футболки", "Небо блакитне, як цей светр", "Келихи для віскі, набір",
    "Пальто з вовни, довжина 110 см", "Тепла ковдра на осінь",
]  # fmt: skip
