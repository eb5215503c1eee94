"""What people ask the shop, and what a complete answer says. Data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Topic:
    """Something people ask about. ``facts`` are the sentences that make a complete answer, the most important one
    first; ``{…}`` in them is filled from what a tool returned. ``keywords`` is how a question is recognised.
    """

    name: str
    title: str
    keywords: frozenset[str]
    questions: tuple[str, ...]
    facts: tuple[str, ...]
    tool: str = ""

    @property
    def article(self) -> str:
        """The help article, as the retriever returns it."""
        return f"{self.title}. " + " ".join(fact for fact in self.facts if "{" not in fact)


TOPICS: Final = (
    Topic(
        "delivery",
        "Delivery times and costs",
        frozenset({"delivery", "deliver", "shipping", "arrive", "courier", "bring"}),
        (
            "How long does delivery to Lyon take, and what does shipping cost?",
            "If I buy a tent today, will the courier bring it before Saturday?",
            "Do you deliver to Norway, and how much is shipping?",
        ),
        (
            "Standard delivery takes two to four working days within the EU and five to seven elsewhere.",
            "Shipping costs 4.90 EUR and is free from 60 EUR.",
            "Orders placed before 14:00 leave our warehouse the same day.",
            "You can choose express delivery at checkout for 12.90 EUR; it arrives the next working day.",
        ),
    ),
    Topic(
        "order-status",
        "Following an order",
        frozenset({"where", "track", "tracking", "status", "package", "parcel"}),
        (
            "Where is my order AO-{order}?",
            "Can you tell me the status of AO-{order}? I expected the parcel yesterday.",
            "The tracking page shows nothing for AO-{order}. Has the package left?",
        ),
        (
            "Your order with the {item} is {status}.",
            "It is expected on {expected}.",
            "You can follow it with the tracking link in your order confirmation.",
        ),
        tool="find_order",
    ),
    Topic(
        "cancel",
        "Changing or cancelling an order",
        frozenset({"cancel", "change", "address", "wrong"}),
        (
            "Please cancel order AO-{order}, I chose the wrong colour.",
            "Can I still change the address of AO-{order}?",
        ),
        (
            "Your order with the {item} is {status}.",
            "An order can be changed or cancelled until it is packed; after that, refuse the parcel or send it back.",
            "A cancelled payment is back on your account within five working days.",
        ),
        tool="find_order",
    ),
    Topic(
        "returns",
        "Returns and refunds",
        frozenset({"return", "refund", "back", "unhappy", "exchange"}),
        (
            "I would like to return a pair of trousers. What do I have to do?",
            "How many days do I have to send something back, and who pays?",
            "Can I exchange the jacket for another size after two weeks?",
        ),
        (
            "You can return unused goods within 30 days of delivery.",
            "Print the label from your account; the return is free within the EU.",
            "We refund the price within five working days of the parcel's arrival.",
            "An exchange is a return and a new order, which we send at once.",
        ),
    ),
    Topic(
        "tents",
        "Choosing a tent",
        frozenset({"tent", "tents", "camping", "shelter"}),
        (
            "Which tent would you take for two people and a week in the Alps?",
            "I am looking for a light tent for cycling, below 2 kg. What do you recommend?",
            "What is the difference between the Ridge 2 and the Larch 2 tent?",
        ),
        (
            "The Ridge 2 is our tent for two above the tree line: 2.1 kg, four poles, storm-proof to 90 km/h.",
            "The Larch 2 is lighter at 1.6 kg and packs small, at home in valleys and on bicycles.",
            "Both have two doors and a 5,000 mm floor, so neither needs a groundsheet.",
            "For snow choose the Ridge 2: the Larch 2 is not made for it.",
        ),
    ),
    Topic(
        "sleeping-bags",
        "Sleeping bags and temperatures",
        frozenset({"sleeping", "bag", "temperature", "cold", "degrees"}),
        (
            "Which sleeping bag keeps me warm at minus 5 degrees?",
            "I get cold easily. Is the Moss 400 sleeping bag enough for October in Scotland?",
        ),
        (
            "Go by the comfort temperature, not the limit: the Moss 400 is comfortable down to 1 °C.",
            "For nights down to minus 5 °C take the Moss 700, comfortable to minus 7 °C.",
            "People who feel the cold should add five degrees of reserve.",
        ),
    ),
    Topic(
        "jacket-care",
        "Washing and proofing a rain jacket",
        frozenset({"wash", "washing", "waterproof", "proof", "clean"}),
        (
            "How do I wash my rain jacket without ruining it?",
            "My jacket is no longer waterproof, water soaks in. What can I do?",
        ),
        (
            "Wash it at 30 °C with a detergent for membranes, without softener.",
            "Rinse twice, then tumble dry on low for 20 minutes: the warmth brings the finish back.",
            "If drops no longer roll off, use a spray-on proofer on the damp jacket.",
        ),
    ),
    Topic(
        "boots",
        "Finding the right boot size",
        frozenset({"boots", "boot", "size", "sizes", "fit", "shoes"}),
        (
            "Should I take hiking boots one size larger?",
            "I wear 42 in street shoes. Which size of the Granite boots will fit me?",
        ),
        (
            "Choose half a size to a full size above your street shoes.",
            "There should be a thumb's width in front of your toes when you walk downhill.",
            "Try them in the evening, with the socks you hike in.",
            "Boots that were only worn indoors can come back within 30 days.",
        ),
    ),
    Topic(
        "stock",
        "Is it in stock?",
        frozenset({"stock", "available", "availability", "sold"}),
        (
            "Is the {product} in stock, is it available at all or sold out?",
            "When is the {product} available again? It was sold out and not in stock last week.",
        ),
        (
            "The {item} is {availability}.",
            "We can reserve one for you for 48 hours.",
            "You can also be told by mail when new stock arrives.",
        ),
        tool="check_stock",
    ),
    Topic(
        "warranty",
        "Warranty and repairs",
        frozenset({"warranty", "broken", "broke", "repair", "torn", "zip"}),
        (
            "The zip of my backpack broke after a year. Is that under warranty?",
            "Do you repair a torn tent fly?",
        ),
        (
            "Our own products have a five-year warranty on material and workmanship.",
            "Send us a photograph first; most repairs are decided within a day.",
            "Wear and accidents are repaired at cost, usually for 15 to 40 EUR.",
        ),
    ),
    Topic(
        "gift-cards",
        "Gift cards and discounts",
        frozenset({"gift", "card", "discount", "voucher", "code"}),
        (
            "Can I pay with two gift cards at once?",
            "My discount code is refused at checkout. Why?",
        ),
        (
            "Up to five gift cards can be used for one order.",
            "A discount code works once and not on goods that are already reduced.",
            "Gift cards are valid for three years and can be used in parts.",
        ),
    ),
)
