"""What every figure of a client document means, in plain words: one list for all documents."""

from __future__ import annotations

from types import MappingProxyType

__all__ = ["DEFINITIONS"]

# Key: term, text.
DEFINITIONS = MappingProxyType(
    {
        # taxes saved
        "saved": (
            "Saved",
            "Number B: the tax that the ordinary rebalance would have caused minus the tax that what was done caused,"
            " both after wash sales, netting of gains and losses, the yearly limit on losses against other income, and"
            " losses carried forward. Below zero: what was done cost more tax.",
        ),
        "fee": ("Fee", "What was paid for managing the accounts in the same time."),
        "deferral": (
            "Deferral",
            "Gains that the ordinary rebalance would have realised and that were not. It is a standing amount: it"
            " grows when a gain is put off and falls when that gain is realised after all, so each gain counts once.",
        ),
        "harvesting": (
            "Harvesting",
            "Losses that were realised beyond those the ordinary rebalance would have realised, at what they were worth"
            " against this household's gains and income.",
        ),
        "location": (
            "Location",
            "Tax not paid because trades were made, and income was earned, in the accounts where they are taxed least.",
        ),
        "rule_of_thumb": (
            "A, rule of thumb",
            "Day by day and lot by lot against an ordinary rebalance to the target on that day: position, target, gain"
            " and tax rate, nothing else. Quick to check by hand; it ignores how gains and losses net over the year.",
        ),
        "shadow": (
            "B, shadow ledger",
            "A second set of lots follows the ordinary rebalance with the same money coming and going at the same"
            " prices. B is its tax minus the actual tax, year by year.",
        ),
        "present_value": (
            "C, net present benefit",
            "B minus the growth of the latent tax (what the lower cost of today's lots will cost later), discounted over"
            " the time until it is paid, and weighed by the chance that it never is because heirs take over the lots at"
            " their value.",
        ),
        "year_tax": (
            "Tax by year",
            "Federal and state tax on what the portfolio realised, by the law of the year. A refund or a saving against"
            " other income is below zero.",
        ),
        "waterfall": (
            "From the ordinary rebalance to what was done",
            "The tax of the ordinary rebalance since inception, what each source took off it (or added), and the tax of"
            " what was done.",
        ),
        # transition
        "tax_today": (
            "Tax",
            "Tax of the sales, at the rates and with the losses of this household, in dollars and as a share of the"
            " value today.",
        ),
        "tracking": (
            "Predicted tracking",
            "By how much the yearly return is expected to differ from the target's: the standard deviation, from the risk"
            " model. In about two years of three the difference is smaller than this.",
        ),
        "overlap": (
            "Overlap",
            "The part of the value that is invested as the target is: for each security the smaller of what is held and"
            " what the target wants, added up.",
        ),
        "turnover": ("Turnover", "What is sold, as a share of the value today."),
        "years": ("Years", "How many calendar years the sales take under the yearly tax budget."),
        "range": (
            "Range",
            "From the tenth to the ninetieth of a hundred simulated courses of the markets: prices move, so gains and"
            " therefore taxes of later years can only be estimated.",
        ),
        "embedded": (
            "Unrealised gain",
            "Value today minus cost, of lots in taxable accounts whose cost is known. It is taxed when they are sold.",
        ),
        # realised gains
        "term": (
            "Short and long term",
            "A gain is long term if the lot was held for more than a year; long-term gains are taxed less.",
        ),
        "cost": (
            "Cost",
            "What was paid, adjusted as tax law requires: for example by losses that a wash sale deferred to the lot.",
        ),
        "disallowed": (
            "Disallowed by wash sales",
            "Part of a loss that does not count now because the same security was bought within 30 days before or after"
            " the sale, in any account of the household. It is added to the cost of the replacement and counts when that"
            " is sold, except where the replacement was bought in a retirement account: then it is gone for ever.",
        ),
        "counts": ("Counts for tax", "Proceeds minus cost plus what is disallowed: what goes on Form 8949."),
        # holdings
        "value": ("Value", "Shares times the closing price of the day, and cash after orders that are pending."),
        "share": ("Share", "Of the value of the household."),
        "taxable": (
            "In taxable accounts",
            "Value, cost and unrealised gain of lots in taxable accounts whose cost and price are known. What a retirement"
            " account gains is not taxed when it is sold.",
        ),
        "lot_age": (
            "By age of the lots",
            "Gains and losses that selling today would realise, by how long each lot has been held for tax.",
        ),
    }
)
