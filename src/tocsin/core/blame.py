"""
Sentences that blame: each rule with its reason and a better wording; those of `endings` are made the same way.

A pattern is made of the tables in `blame_words`, and read in a text that `marked` has made ready.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from tocsin.core.blame_words import (
    _IDIOM,
    A_PAST,
    ACT,
    AN_ERROR,
    ANYBODY,
    BAD_WORK,
    BARE_TEAM,
    BETTER,
    BY_CHANCE,
    BY_TEAM,
    DID_HARM,
    DONE,
    DUTIES,
    FAIL,
    HAND,
    HARMED,
    HOW,
    MACHINE,
    NAME,
    NOT,
    ONE,
    OWED,
    PERFECT,
    PERSON,
    ROLE,
    SILLY,
    TEAM,
    TEAM_WRONG,
    THE,
    THE_TEAM,
    THEIR_WORK,
    THEIRS,
    TROUBLE,
    WE,
    WHOSE,
    WHOSE_ERROR,
    WITHOUT,
    WRONG,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """
    A rule for one sentence, with its table of patterns; where one of `unless` matches nothing is said.

    `{found}` stands for what was found, in `text`.
    """

    name: str
    table: str
    text: str
    better: str
    unless: str = ""

    def search(self, sentence: str) -> re.Match[str] | None:
        """What breaks the rule in a sentence that `marked` made ready, or None."""
        found = compiled(self.table).search(sentence)
        return None if found and self.unless and compiled(self.unless).search(sentence) else found


def marked(text: str, names: tuple[str, ...]) -> str:
    """
    Make a text ready for the patterns: lower case, names as marks. Each character stays in its place.

    Of `Ana Cruz` also `Ana` is a name. Its case matters: "mark" and "will" are words.
    """
    if names:
        text = _named(names).sub(lambda found: NAME * len(found[0]), text)
    low = _HANDLE.sub(lambda found: NAME * len(found[0]), text)
    low = low.replace("\n", " ").replace("’", "'").replace("İ", "I").lower()
    return low if len(low) == len(text) else text


_HANDLE: Final = re.compile(r"(?<![\w.])@\w[\w-]*")


@lru_cache(maxsize=32)
def _named(names: tuple[str, ...]) -> re.Pattern[str]:
    parts = {part for name in names for part in (name, name.split()[0] if name.split() else "") if len(part) > 1}
    any_of = "|".join(re.escape(part) for part in sorted(parts, key=len, reverse=True))
    return re.compile(rf"\b(?:{any_of})\b" if parts else r"(?!)")


@cache  # at their first use: a program that reads no postmortem does not wait for them
def compiled(table: str) -> re.Pattern[str]:
    """
    One pattern of a table: a line for each, one that is indented more goes on with the line before.

    A pattern begins where a word does; one with `^` where the sentence does.
    """
    lines = [line.strip(" ") for line in table.replace(f"\n{' ' * 16}", "").split("\n")]
    return re.compile(rf"\b(?=\w)(?:{'|'.join(filter(None, lines))})")


# --------------------------------------------------------------------------------------------------- the rules

# What was done as agreed, and what was not seen for a reason that is no person.
_EXPLAINED: Final = rf"""
            ^(?!.*(?:\bnot\b|n't\b|\bnever\b|\bwithout\b|\bwrong)).*\b(?:as (?:step|the (?:runbook|policy|procedure|
                checklist|plan)|planned|documented|
                agreed|announced|instructed|described|designed)|per (?:the )?(?:runbook|policy|procedure)|
                following the (?:runbook|procedure|documented))\b
            (?:did not|didn't|never|had not|could not) (?:notice|see|reali[sz]e|know|get|receive|understand|hear|
                answer|react|check|look)\b
                [^.;]*\b(?:because|since|as|for) (?:the|its|no|nothing|both|it|there|neither|all|two|of the) (?!{ROLE})
"""

BLAME: Final = (
    Rule(
        "human-error",
        rf"""
            {WHOSE_ERROR}(?:'s|s')? {AN_ERROR}\b(?! (?:rates?|messages?|budgets?|pages?|reports?|codes?|counts?|
                logs?|handling))
            human (?:element|weakness|fallibility|negligence|inattention|carelessness|in the loop was)
            made (?:an?|the|this|that|the same) (?:\w+ )?(?:mistake|error|slip|blunder)\b
            (?:by|through|in) (?:pure |simple )?(?:mistake|error|accident)\b(?! (?:rates?|code))
            (?:mistakes?|blunder|slip|typo) (?:was|were|had been|has been) made\b
            mistakes? (?:made|during|while|when|in)\b
            honest mistake
            mistaken belief
            due to an oversight
            (?:fat|clumsy)[- ]finger
            pebkac\b
            layer[ -](?:8|eight)\b
            between (?:the )?(?:keyboard|chair) and\b
            slips? of (?:the|an?|his|her) (?:keyboard|finger|mind|tongue|hand|mouse|pen|memory)\b
            lapse (?:of|in) (?:attention|concentration|judge?ment|memory|care|focus)\b
            {BY_CHANCE} {HAND}\b
            {HAND} (?:\w+ ){{0,3}}{BY_CHANCE}\b
            ^{BY_CHANCE}\b
            {ONE} {BY_CHANCE}\b
            (?:problem|cause|error|fault|issue|reason|weak(?:est)? (?:link|point)|failure)(?: [\w]+){{0,3}} (?:was|
                is|were|of|:) (?:\w+ ){{0,2}}(?:human|people)(?: nature| origin| one)?(?:[.,;!]|$)
            {SILLY} (?:mistakes?|errors?|slips?|lapses?|blunders?|oversights?|typos?)\b
            human (?:mis\w+|fault|cause|inadequacy|shortcomings?|unreliability|carelessness|confusion)\b
            (?:category|class\w*|type|causes?|reason|rc|rca)(?: of \w+)? ?[:=-]+ (?:\w+ ){{0,2}}(?:human|people|person|
                operator|user|pilot|personnel)\b(?![- ](?:readable|review))
            (?:mistakes?|errors?|accident|lapse|slips?|oversight|typo|blunder|inattention|carelessness|negligence|
                confusion|misjudge?ment|misconfiguration|misunderstanding|lack of \w+|error of judge?ment)
                 (?:(?:made|committed|introduced) )?(?:by|of|on the part of|on the side of|from|at the hands of)
                 (?:{ANYBODY}|the (?:person|human|night|day|people)|whoever|one of (?:us|our|the)|an? human|{THE} \w+
                 (?:admin\w*|team|group))
            (?:through|due to|because of|owing to|out of|from|by) (?:sheer |pure |simple |plain |an? )*(?:inattention|
                carelessness|absent-mindedness|forgetfulness|negligence|misjudge?ment|thoughtlessness|lapse|blunder)\b
            {WHOSE}(?:own )?(?:mistakes?|blunder|oversight|lapse|slip-?up)\b
            {PERSON}'s (?:\w+ )?(?:errors?|typos?|slips?|fat-?finger\w*|misconfiguration|misjudge?ment)\b
            errors? (?:of|in) judge?ment\b
            (?:people|humans|we|everybody|everyone|engineers|operators|admins) (?:all |do |will |just |sometimes
                |always )*(?:make|made|makes) (?:\w+ )?(?:mistakes?|errors)
            to err is\b
            (?:we're|is|are|was|were) (?:all |only |just |after all )+human\b
            (?:mistakes|accidents|these things|it) happens?[.!]?$
            (?:momentary|mental|short|brief|small) (?:lapse|slip)\b
            (?:brain ?(?:fart|freeze)|senior moment|slip-?up|id-?10-?t|finger trouble|butter-?fingers)\b
            (?:wrongly|mistakenly|incorrectly) (?:typed|clicked|pressed|pasted|keyed|selected)\b
            (?:somebody|someone|{THE} {ROLE}|{NAME}+) (?:had )?mis(?:typed|keyed|clicked|read|spelled)
        """,
        "“{found}” ends the search where it begins: people err, and the next one will too.",
        "Say what made the step easy to get wrong and what let it pass: “the command takes its target from …”.",
        rf"""
            (?:against|such|from|prevents?|easy|invites?) (?:\w+ )?mistakes?\b
            mistakes? (?:is|are|was|were) (?:easy|likely)
            4(?:xx|\d\d)\b
            (?:do not|does not|don't|never|not) (?:use|accept|write|list|count|name|call|stop at|settle for)\b
            {MACHINE} (?:had |has )?{BY_CHANCE} {HAND}
        """,
    ),
    Rule(
        "should-have",
        rf"""
            (?:should|ought)(?:n't)?(?: (?!that\b|which\b|and\b|who\b|be\b)[\w-]+){{0,4}}? {PERFECT}\b(?! (?:an?|
                the|its|their|one|two|three|at least|no|only|any|some|more|enough|each|all|\d+)\b(?! (?:second|
                better|proper)))
            (?:should|ought)(?:n't)?'ve\b
            shoulda\b
            should have had\b
            should (?:know|have known) better\b
            ought to know\b
            (?:needed|had) to have\b
            must have (?:known|seen|noticed|heard|realised|realized|read)\b
            {WHOSE}(?:job|duty|responsibility|task|obligation) (?:it (?:was|
                is) )?to\b
            (?:job|duty|responsibility|task) of the (?:\w+ ){{1,3}}to\b
            (?:right|correct|proper|better|sensible|wise|obvious|sane|professional) (?:thing|step|move|choice|
                course|decision|call|reaction)(?: to do)? (?:here |then )?would\b
            (?:would|could) have been expected\b
            (?:could|can) be expected (?:of|from) (?:an?|any|every)\b
            as (?:any|every)(?:one|body)?(?: \w+){{0,2}} (?:knows|would)\b
            (?:in|with)(?: the benefit of)? (?:hindsight|retrospect)\b
            {WE} (?:was|were) (?:supposed|meant|expected|
                required|obliged|paid|told|trusted|hired) to\b
            had (?:just |only )?one job\b
            (?:was|were) (?:supposed|meant|expected) to (?:be )?(?:\w+ly )?(?:{DUTIES}|carried|done|given|kept|trained|
                rotated|removed|on
                |at (?:his|her|the) desk|in place before)\b(?! (?:automatically|by the (?:\w+ )?{MACHINE}))
            should(?:n't|nt)?ve\b
            would(?:n't)?(?: certainly| surely)? (?:have|'ve|of) been (?:far |much |a )?(?:better|wiser|safer|smarter|
                best|prudent|appropriate|sensible|advisable|right|good (?:idea|practice)|common sense|professional)\b
            (?:needed|had|was|were|been told|asked|was necessary|agreed|promised) to\b[^.;]{{3,90}}(?:,| and| but)
                [^.;,]{{0,24}}\b(?:did not|didn't|was not|were not|wasn't|weren't|never (?:did|was|were|happened)|
                has not)[.!]?$
            it (?:was|is) (?:necessary|required|essential|mandatory|expected|imperative|vital) (?:that|to|
                for)\b[^.;]{{3,90}}\b(?:but|
                and|yet)\b[^.;]{{0,20}}\b(?:did not|didn't|not|never)\b
            it was (?:up to|incumbent (?:up)?on|the (?:duty|job|task|responsibility) of|for) (?:{ANYBODY}|him|her|them|
                us|you) to\b
            why (?:on earth )?(?:did|was|were|had|has|have|is)(?:n't|nt)? (?:nobody|no one|{ONE}|{TEAM}|we|they|
                anybody|anyone|you)
                \b(?! paged\b| called\b| notified\b| told by\b| alerted\b)
            (?:had|has|have) no business\b
            (?:could|might) at (?:the very )?least (?:have|'ve)\b
            the least (?:that )?(?:\w+ ){{1,3}}could (?:have|do)\b
            all (?:s?he|they|{NAME}+|{THE} {ROLE}) had to do\b
            (?:one|we|you|anybody|customers) (?:would|should|may|might|can|
                could) (?:have )?(?:rightly )?expect(?:ed)? (?:that|more|better|from|of|an?|the \w+ to)\b
            expected (?:more|better|otherwise) (?:of|from)\b
            (?:looking back\b|(?:knowing|with) what we (?:now )?know|what we know (?:now|today))
            (?:must|should) never (?:have|had)\b
            should (?:of course |really |at least )?know that\b
        """,
        "“{found}” judges by what is known now; nobody knew it then.",
        "Say what was seen at the time, and what was missing: “the page showed …; the … was not visible”.",
        rf"""
            ^(?!.*\b(?:{ANYBODY}|we|they|he|she|nobody)\b)(?=.*\b(?:(?:according to|as per|per|by) (?:the |its |
                our )?(?:\w+ )?(?:
                design|docs?|documentation|spec\w*|contract|manual|standard|protocol)|as (?:documented|specified|
                designed)))
        """,
    ),
    Rule(
        "counterfactual",
        rf"""
            would(?: not|n't| never| certainly| probably| surely| also| still| all| then| easily|
                 at once){{0,2}} {PERFECT}\b(?! (?:to|an?|the|no|its|their|one|two|three|more|\d+)\b)
            would(?:n't)?'ve\b
            (?:could|might|may)(?: not| never| well| easily| also| all| both| probably|
                 certainly){{0,2}} {PERFECT}(?: been| all| easily| both| quickly| simply| at once){{0,3}} {BETTER}
            (?:could|might) easily {PERFECT}\b
            ^had (?!to\b|is\b|been\b|a reserved)(?:{NAME}+|\w+)(?: (?!is\b)[\w'-]+){{1,9}}(?:,| (?:we|the|it|nobody|
                no|this)\b)
            (?<=[;,] )had (?:we|they|he|she|it|some\w+|{NAME}+|(?:the|an?|our|this) \w+) \w+
            (?:would|could|might)\b[^.;]{{3,80}} had (?:we|they|he|she|it|some\w+|any\w+|(?:the|an?|our|
                this) \w+) (?:been )?\w+
            ^were (?:the|it|we|they|this|that) [^.;]{{3,80}}\bwould\b
            (?:were it not|had it not been|if not|if it (?:was|were) not) for\b
            (?:if|unless) (?:we|they|he|she|some(?:body|one)|any(?:body|one)|{NAME}+|{THE} {ROLE}|
                {THE_TEAM}) {A_PAST}\b
            (?:if|unless)\b[^.;]{{2,70}}\b{A_PAST} [^.;]{{2,80}}\b(?:would|could|might)\b
            (?:would|could|might)\b[^.;]{{2,80}}\b(?:if|unless)\b[^.;]{{2,50}}\b{A_PAST}\b
            (?:(?:easily|entirely|completely|perfectly|clearly|totally|wholly) )?(?:avoidable|preventable|
                foreseeable)\b
            need(?: not|n't) (?:have|'ve)\b
            (?:did not|didn't) (?:have|need) to (?:happen|be|come|last|end)\b
            (?:was|were|been) (?:so |quite |very )?(?:easy|simple|possible) to (?:avoid|prevent|spot|catch|detect|
                find|see)\b
            all (?:that )?(?:it|we|they) (?:took|needed)\b
            all that was (?:needed|missing)\b
            {WE} (?:also |then |again |repeatedly |simply )?{FAIL}\b
            {WHOSE}(?:failure|inability|refusal|unwillingness|reluctance) to\b
            (?:failure|inability|refusal) (?:of|by) (?:{ONE}|{TEAM}) to\b
            by (?:failing|neglecting|forgetting|omitting|not bothering) to\b
            if only\b(?! (?:one|an?|the|two|some|part)\b(?! (?:[\w-]+ ){{1,4}}(?:had|was been|were|could|would)\b))
            ^but for (?:the|an?|his|her|their|this|that|our|{NAME})
            but for [^.;]{{3,60}}\b(?:would|could)\b
            {WE} (?:could|might)(?: easily| simply|
                 just| also| well| equally)* (?:have|'ve)(?: easily| simply| just| also)* (?!been\b|lost\b|
                seen\b)\w+ed\b
            (?:could|might) (?:have|'ve) (?:easily|simply|just)\b
            (?:missed|lost|wasted|gave away|squandered) (?:the|an?|our|every|this|that) (?:\w+ )?(?:chance|
                opportunity)\b
            (?:an?|one|every) missed (?:chance|opportunity)\b
            (?:needless|unnecessary|pointless|self-inflicted) (?:outage|downtime|delay|incident|loss|failure|page|pain)
            (?:needless|unnecessari)ly (?:long|prolonged|lost|delayed|late|down)\b
            for (?:the )?(?:want|lack) of (?:an?|one) (?:simple|single|quick|basic)\b
            (?:an?|one) (?:mere|simple|quick|single|short|brief|second|basic|five-minute) [^.;]{{2,50}}\b(?:would|
                could) (?:be|suffice|do)\b
            would (?:have )?sufficed?\b
            it would(?: only)? (?:take|need|cost|have)(?: only)? (?:an?|one|five|ten|two|minutes|
                seconds) (?:\w+ )?(?:minutes?|seconds?|look|command|line|
                call|click)\b(?= to (?:check|test|look|ask|verify|read|prevent|avoid|notice))
            (?:was|were) (?:not |far from |never |by no means )(?:inevitable|unavoidable|necessary)\b
            (?:easily|entirely|completely|perfectly) (?:avoided|prevented|foreseen|predictable)\b
            (?:i|we|one|you) (?:only |can only |really )?wish(?:es|ed)?(?: that)? (?:we|the|s?he|they|some\w+|{NAME}|i|
                our)
            if(?: only)? (?:{NAME}+|{TEAM}|we|they|he|she|the \w+|some(?:body|one)) would(?: not| only)? (?:have|'ve)\b
            what if (?:{NAME}+|{TEAM}|we|they|he|she|some(?:body|one)) had\b
        """,
        "“{found}” tells of a past that was not; it explains nothing of the one that was.",
        "Tell what happened and why it made sense then; put the wish into an action item.",
        r"""
            (?:by|as) design\b
            designed (?:behaviou?r|to)\b
            as (?:documented|intended|designed|specified)\b
            (?:we|was|were) (?:simulated|replayed|modelled|modeled)\b
            in (?:the|a) (?:model|simulation|replay|lab)\b
        """,
    ),
    Rule(
        "person-blame",
        rf"""
            {ONE}(?:,? who)? (?:{HOW}{WRONG}|(?:is|was|were|are) (?:solely |entirely |clearly )?(?:to blame|at fault|
                the (?:cause|reason|problem|culprit)|responsible for (?:the|this|that) (?:\w+ )?{TROUBLE}))
            (?:because|since|as|so|that|is that|due to the fact that) {ONE} {HOW}(?:{NOT} (?!know|have|see)\w+|
                {ACT})(?=.*\b(?:{TROUBLE}|lost|down|failed|broke|late|wrong)\b)
            ^(?:because|since|as) {ONE} {HOW}(?:{NOT} (?!know|have|see)\w+|{ACT})[^.;]*,
            {TROUBLE} (?:\w+ ){{0,4}}because (?:of )?{ONE}(?:'s)? {HOW}(?:{NOT}|{ACT}|{THEIR_WORK})
            {DONE} by (?:{NAME}+|{THE} {ROLE}|one person|some(?:body|one))\b(?! (?:reconcil|pod|controller|job))
            (?:caused|triggered|broken|introduced|brought about) by (?:{NAME}+|the \w+)'s\b
            (?:his|her) (?:\w+ )?{THEIRS}\b
            (?:reason|cause|culprit|problem|weak link)(?: [\w]+){{0,4}} (?:is|was|:) (?:{NAME}|{THE} {ROLE})
            (?:{THEIRS}|fault|incompetence) of (?:{NAME}+|{THE} {ROLE})
            (?:thanks|owing) to (?:{NAME}+|{THE} {ROLE})(?:'s)? (?:mistake|failure|negligence|
                {THEIR_WORK}),? (?:we (?:had no|lost)|nothing)
            (?:wrong|only|very) [\w -]{{2,30}}? (?:was|were|got|had been) \w+ by {PERSON}
            {OWED} (?:{PERSON}(?! and\b)(?:[.,;!]|$| who\b| again\b| (?:\w+ )*(?:on|by|and) \w+ing)|
                (?:[\w'-]+ ){{1,6}}?(?:made|done|pushed|merged|
                typed|entered|run|executed|committed|deployed|issued|written|introduced|left)? ?(?:by|on the part of|
                at the hands of) {PERSON})
            (?:on the part of|at the hands of) {PERSON}
            {DONE} by (?:one of our|one of the|an? \w+ who|{PERSON})\b
            by {NAME}+,? who (?:had |has )?(?:{WRONG}|{FAIL}|{HAND})
            {NAME}+ (?:fault|mistake|blunder)\b
            {ONE}(?:'s|s'|') (?:[\w-]+ )?(?:{THEIRS}|{BAD_WORK} (?:[\w-]+ )?(?:{THEIR_WORK}|call|assumption|judge?ment|
                work)\b)
            {ONE}(?:'s|s') (?:[\w-]+ )?{THEIR_WORK}(?: [\w./-]+){{0,6}} {DID_HARM}
            {ONE}(?:'s|s') (?:[\w-]+ ){{1,4}}(?:took|brought|knocked) (?:[\w-]+ ){{1,4}}(?:down|offline)\b
            (?:his|her) (?:[\w-]+ )?{THEIR_WORK}(?: [\w./-]+){{0,6}} {DID_HARM}
            {OWED} (?:his|her) (?:[\w-]+ )?(?:{THEIRS}|{BAD_WORK} \w+)
            (?:this|that|it|this one|the outage|the incident|the blame|all of (?:it|this))(?:'s| is| was)(?: all|
                 entirely| squarely|
                 clearly| solely)* on (?:{NAME}+|him|her|{THE} {ROLE})\b(?!'s)
            (?:blame|fault|guilt|error|mistake|(?<!the )(?<!no )responsibility for (?:the |this |all )?{HARMED}|
                (?:sole|full|entire) responsibility)
                (?: for [^.;]{{3,60}})? (?:lies|lay|is|was|rests|falls|sits|goes|belongs)(?: entirely| solely| squarely|
                 fully| clearly)? (?:with|on|to|at the (?:feet|door) of|at) (?:{NAME}+|him|her|{THE} {ROLE})
            (?:blame|blames|blamed|we can thank|has to answer for|have|has) (?:{NAME}+|him|her|{THE} {ROLE}) (?:for|
                to (?:thank|blame))\b
            (?:none|nobody|no one) (?:other|else|but) (?:than |but )?(?:{NAME}+|{THE} {ROLE})
            (?:of all people|as usual|once again|typical(?:ly)?),? {NAME}
            {ONE}(?:'s| is| was| are| were) (?:the (?:one|person|guy|man|woman) (?:who|behind|to blame)|behind (?:this|
                the {TROUBLE})|accountable for
                 (?:the|this) {HARMED}|responsible for (?:the |this |all |our )?(?:\w+ )?{HARMED}|guilty|culpable|
                liable)
            it (?:was|is) (?:{NAME}+|{THE} {ROLE}) who (?:{WRONG}|pushed|merged(?! the fix)|deployed|changed|committed|
                edited)
            (?:who|person who|one who) (?:{WRONG}|pushed it|merged it|did (?:it|this)) (?:\w+ ){{0,5}}(?:was|is) {NAME}
            (?:problem|culprit|cause|reason|source|root)(?: of [\w ]{{3,40}}| here| again| once more)? (?:is|was|
                :) (?:clearly |simply |again )?(?:{NAME}+|him|her)\b(?!')
            {NAME}+ (?:should|ought|could|might)(?:n't| not)?(?: (?:simply|easily|really|at least|also|never|just|well|
                certainly|to))* (?:have|'ve|of)\b(?! (?:an?|the|no)\b)
            (?:if|had|unless)(?: only)? {NAME}+ (?:had )?[^.;]{{3,80}}(?:would|could|might|we|no|nothing|nobody)
            {NAME}+ (?:was|were) (?:supposed|meant|expected|told|trusted) to\b
            trusted {NAME}+ to\b
            {NAME}+ {FAIL}\b
            (?:left|leaving) {NAME}+ (?:unsupervised|alone with)
            thanks to {PERSON}(?:'s [\w -]{{2,30}})?,? (?:and [\w' -]{{3,40}} )?(?:we (?:lost|had no|had to|
                were (?:down|blind|offline)|spent|waited|now)|
                (?:the|our) [\w ]{{2,30}}? (?:went down|(?:was|were) (?:down|lost|wiped|gone|deleted|broken|
                unavailable|late)|broke|failed|crashed))
        """,
        "“{found}” names somebody beside what went wrong: the next reader hides what they know.",
        "Name the step and what it met: “the migration ran at 14:02 and found …”; the timeline keeps who did what.",
        _EXPLAINED,
    ),
    Rule(
        "team-blame",
        rf"""
            {DONE} by {BY_TEAM}
            by {BY_TEAM} without\b
            {TEAM} (?:{HOW}{TEAM_WRONG}|(?:is|was|are|were) (?:also |clearly |solely )?(?:to blame|at fault|
                responsible for (?:the|this) (?:\w+ )?(?:{TROUBLE}|missing|lack)))
            (?:{THEIRS}|incompetence|slowness|silence|passivity) of (?:{BY_TEAM})
            (?:blame|fault|responsibility|guilt) (?:for [^.;]{{3,40}} )?(?:lies|lay|is|rests|falls|sits|
                goes)(?: entirely| solely| squarely)? (?:with|on|to|at) (?:{BY_TEAM})
            (?:nobody|no one|none) (?:in|on|from|at|of) {BY_TEAM} (?!is\b|was\b|were\b|could\b|knew\b|had\b|has\b|
                can\b)\w+
            {BARE_TEAM} (?:launched|changed|deployed|released|promised|sold|ordered) (?:[\w'-]+ ){{1,6}}without\b
            (?:no|without any) (?:answer|help|support|reaction|feedback) (?:at all )?from {BY_TEAM}
            {DONE} by {BY_TEAM}
            {OWED} (?:[\w'-]+ ){{0,6}}?(?:(?:made|done|pushed|merged|deployed|introduced|issued) )?(?:by |
                on the part of |at the hands of )?(?:the |our )?{TEAM}(?:[.,;!]|$| who\b| again\b|(?:'s|
                s') (?:[\w-]+ )?(?:{THEIRS}|{BAD_WORK}|{THEIR_WORK}))
            (?:on the part of|at the hands of) {BY_TEAM}
            {TEAM}(?:'s|s'|') (?:[\w-]+ ){{1,4}}(?:took|brought|knocked) (?:[\w-]+ ){{1,4}}(?:down|offline)\b
            {TEAM}(?:'s|s'|') (?:[\w-]+ )?(?:{THEIRS}|{BAD_WORK} (?:[\w-]+ )?(?:{THEIR_WORK}|call|assumption|work)\b|
                {THEIR_WORK}(?: [\w./-]+){{0,6}} {DID_HARM})
            (?:this|that|it|this one|the outage|the incident|the blame|all of (?:it|this))(?:'s| is| was)(?: all|
                 entirely| squarely|
                 clearly| solely)* on {BY_TEAM}\b(?!'s)
            (?:blame|fault|guilt|responsibility for (?:the |this |all )?{HARMED}|(?:sole|full|entire) responsibility)
                (?: for [^.;]{{3,60}})? (?:lies|lay|is|was|rests|falls|sits|goes|belongs)(?: entirely| solely| squarely|
                 fully| clearly)? (?:with|on|to|at the (?:feet|door) of|at) {BY_TEAM}
            (?:blame|blames|blamed|we can thank|have|has) {BY_TEAM} (?:for|to (?:thank|blame))\b
            {TEAM} (?:is|was|are|were) (?:again |once again )?(?:the (?:ones?|culprits?|cause|reason|problem|
                bottleneck|weak)|behind (?:this|the {TROUBLE})|accountable for (?:the|this)
                 {HARMED}|responsible for (?:the |this |all |our )?(?:\w+ )?{HARMED}|guilty|culpable|liable|asleep|
                nowhere)
            (?:problem|culprit|cause|reason|source|root|blame)(?: of [\w ]{{3,40}}| here| again| once more)? (?:is|was|
                are|:) (?:clearly |simply |again )?{BY_TEAM}
                 ?(?:[.,;!]|$|who\b|and (?:its|their)\b)
            {TEAM} (?:were|was) (?:supposed|meant|expected|told|trusted|paid) to\b
            {TEAM} (?:should|ought|could|might)(?:n't| not)?(?: (?:simply|easily|really|at least|also|never|just|well|
                certainly|to))* (?:have|'ve|of)\b(?! (?:an?|the|no|been)\b)
            it (?:was|is) {TEAM} (?:who|that) (?:{WRONG}|pushed|merged|deployed|changed)
            (?:people|folks|guys|developers|engineers|admins|those)(?: (?:on|in|from|at) [\w ]{{2,20}})? who (?:do|did|
                can|could|would)(?: not|n't) \w+
            (?:people|folks|guys)(?: (?:on|in|from|at|over) [\w ]{{2,20}}?)? {TEAM_WRONG}
            (?:not one|not a single one|none) of (?:them|the (?:team|people|engineers|developers)) (?:took|cared|read|
                asked|bothered|thought|checked|
                looked|tested|told|raised|spoke|noticed|wanted|felt)\b
            they {HOW}(?:(?:changed|deployed|released|rolled|switched|pushed|merged|moved|removed|
                shipped) [^.;]{{2,60}}{WITHOUT}|{NOT} (?:tell|told|ask|answer|inform|
                warn|bother|document|communicat|test)\w*|{_IDIOM})
            (?:we (?:never|did not|didn't) (?:hear|heard|get|got|receive\w*)|not|without)(?: so much as)? (?:back |
                anything |a word |an answer |any \w+ |a \w+ )+from {BY_TEAM}
            thanks to {BY_TEAM}(?:'s [\w -]{{2,30}})?,? (?:and [\w' -]{{3,40}} )?(?:we (?:lost|had no|had to|
                were (?:down|blind|offline)|spent|waited|now)|
                (?:the|our) [\w ]{{2,30}}? (?:went down|(?:was|were) (?:down|lost|wiped|gone|deleted|broken|
                unavailable|late)|broke|failed|crashed))
            (?:as|like) (?:usual|always|so often),? {TEAM} \w+
        """,
        "“{found}” puts a team in the place of a cause.",
        "Name the interface and what it let through: “the change of the contract reached production without …”.",
        _EXPLAINED,
    ),
    Rule(
        "blame-word",
        rf"""
            (?:careless|negligen|reckless|incompeten|inexcusabl|irresponsib|thoughtless|inattenti|
                unprofessional|amateurish|shoddy|slapdash|foolish|idio[tc]|ignoran|complacen|unforgiv|disgrace|
                shameful|half-?hearted|over-?confiden|arrogan|scapegoat|bungl|inept|senseless|
                disorgani[sz]ed|short-?sighted)\w*
            (?:lazy|lazily|laziness)\b(?![ -](?:load|evaluat|init|connect|import|delet|creat|queue|fetch|mode|bind|
                alloc|unmount))
            (?:stupid(?:ly|ity)?|clueless|culprits?|guilty|rookie|amateurs?|perpetrators?|slackers?)\b
            dumb\b(?! (?:terminal|pipe|mode|client|switch|proxy))
            naive(?:ly|ty)? (?:assum|belie|trust|of |to )
            {WE} {HOW}forgot
            ^forgot\b
            forgot(?:ten)? to\b
            (?:was|were|been) (?:\w+ )?forgotten\b
            forget(?:ting|ful\w*)\b
            at fault\b
            fault of (?:the (?:person|team|one)|whoever)
            (?:is|was|be|are|were) blamed\b
            blames? (?:lies|falls|rests|goes|for(?! none)|on)\b
            whose fault\b
            (?:his|her|their|my|your|our) (?:own )?fault\b(?! (?:domain|tolerance|injection))
            (?:screw|mess|foul|muck|cock)(?:ed|s|ing)? (?:\w+ )?up\b
            botch\w*
            (?:pay|paid|paying) (?:no |any |enough |little )?attention to the\b
            not pa(?:y|id|ying) attention\b
            no attention\b
            nobody (?:bothered|cared|gave|felt responsible|took (?:it|this) seriously)
            (?:not|never|n't) (?:be )?bother(?:ed)?\b
            common sense\b
            obvious(?:ly)? (?:bug|mistake|error|wrong|should|had no|did not|didn't|flaw|omission)
            of course should
            (?:without|not|no) (?:really |even )?(?:thinking|thought)\b(?! of| through to)
            (?:in|with) (?:great |undue )?haste\b
            hast(?:y|ily)\b
            rash(?:ly)?\b
            blindly\b
            (?:had|has|have|with) (?:absolutely |obviously )?no (?:idea|clue)\b(?! (?:that|how|whether))
            lack of (?:\w+ )?(?:care|attention|diligence|discipline|thought|interest|foresight|responsibility|
                professionalism|competence|skills?|vigilance|effort|rigou?r|concentration|judge?ment|experience|
                willingness|respect)\b
            (?:poor|bad|terrible|awful|lousy|appalling|questionable) (?:judge?ment|decisions?|discipline|
                work(?:manship)?|attitude|habits?|coding|engineering|performance)\b
            errors? of judge?ment\b
            (?:thrown|cobbled|hacked|slapped) together\b
            cut(?:ting)? corners\b
            no excuse\b
            asleep at\b
            (?:a|what a) (?:shame|disgrace)\b
            ashamed\b
            blatant(?:ly)?\b
            grossly?\b (?:neg|mis|viol|under)
            (?:has|have|had|was|were|been|will be) (?:been )?(?:spoken to|reprimanded|disciplined|told off|sacked|
                punished|let go|talked to)\b
            told you so\b
            unacceptabl[ey]\b
            couldn't be bothered\b
            slopp(?:y|ily|iness)\b(?! (?:counters?|quorums?|clocks?|phrase|mode|focus))
            embarrass(?!ingly parallel)\w*
            (?<!top )(?<!worst )(?<!biggest )(?<!main )(?<!largest )offenders?\b
            (?<!not )to blame\b(?! for none)
            (?:lackadaisical|nonchalan|cavalier|gung-ho|trigger-happy|asinine|moron|dimwit|hapless|dilettant|
                unqualified|underqualified|
                indifferen(?:t to|ce)|apath|heedless|imprudent|unwise|ill-?(?:advised|considered|conceived|judged|
                thought|prepared)|hare-?brained|
                unthinking|mindless|absent-?minded|undisciplined|undiligent|half-?(?:baked|assed|arsed|witted)|
                bone-?headed|ham-?(?:fisted|handed)|
                brain-?dead|unpardonabl|indefensibl|unjustifiabl|intolerabl|inacceptabl|deplorabl|abysmal|dismal|
                lamentabl|pathetic|laughabl|
                scandal|outrageous|appalling|shocking|unbelievabl|incomprehensibl|inconceivabl|disappointing|dreadful|
                fiasco|shambles|debacle|farce|
                clown|facepalm|numpt|dunce|gambl|irrational|incapab|inexperienced|immatur|lackluster|lacklustre|
                slipshod|haphazard)\w*
            incredibl[ye],? (?:nobody|no one|{ONE}|{TEAM}|they|we|not)
            (?:daft|crazy|insane|silly) (?:to|idea|decision|move|change|default|mistake)\b
            amateur hour\b
            (?:train ?wreck|dumpster fire|cowboys?|cluster ?fuck|wtf)\b
            lax (?:about|attitude|approach|discipline|review\w*|with|on)\b
            (?:poorly|badly) (?:trained|prepared|disciplined|managed|thought|planned|executed|organi[sz]ed|handled|
                reviewed|written|
                coordinated|tested|communicated|led|judged|motivated|done)\b
            (?:poor|bad|terrible|awful|low) (?:discipline|work ethic|judge?ment call|management|leadership|planning|
                communication|preparation|choices?)\b
            (?:not|hardly|far from|less than|anything but)(?: very| exactly| particularly| really| terribly|
                 too)* (?:professional|competent|smart|clever|
                bright|wise|diligent|thorough|conscientious|serious about|up to (?:the job|the task|standard))\b
            any (?:half-?)?(?:\w+ly )?(?:competent|decent|sane|self-respecting|serious|real|good|experienced|
                responsible|sensible|professional|
                reasonable|trained) (?:{ROLE}|person|team|\w+) ?(?!(?:is|are)\b)
            worth (?:his|her|their|its) (?:salt|name|money)\b
            any(?:one|body) (?:who has ever|who ever|with (?:half|any|a bit|eyes|a clue|an ounce|some)|could see|
                can see|would see|knows)\b
            (?:every|any|a) (?:child|beginner|first-year|six-year|student|school\w*)(?: \w+)? (?:knows?|could|would|
                can|sees)
            obvious(?:ly)? to (?:any|every|all|everyone)
            (?:it )?goes without saying\b
            needless to say\b
            how (?:on earth )?(?:any(?:one|body)|some(?:one|body)|{NAME}+|they|one|an? \w+|the {ROLE}) (?:could|can|
                managed?)\b
            beyond (?:me|us|belief|comprehension|understanding|words)\b
            (?:beggars|defies) (?:belief|logic)\b
            (?:not|n't|never|without|nobody|no one|none|not one of \w+|nobody \w+)(?: \w+){{0,3}} (?:take|taking|took|
                taken) (?:[\w-]+ ){{1,4}}serious
            (?:did not|didn't|had not|hadn't|do not|don't|never|without|not|nobody|no one) even (?:look|read|bother|
                ask|think|glance|open the|check|tr(?:y|ied) to)\w*
            without so much as\b
            too (?:lazy|proud|inexperienced|junior|green|impatient|comfortable|stubborn|trusting|cocky|careless|
                relaxed|sure of)\b
            (?:nobody|no one|not one|none) (?:\w+ )?(?:bothered|cared|gave a|felt responsible|took responsibility|
                felt like)
            (?:shame on|disciplinary|(?:formal|written|verbal) warning\b(?= (?:to|for|was|has))|face consequences|
                deserves? (?:the |to be |a |no ))
            (?:makes?|making|made|bad|poor|lame|cheap) excuses?\b
            (?:a )?(?:very |really |clearly |truly )?(?:terrible|awful|stupid|dumb|lousy|brilliant|genius) idea\b
            (?:is|was) (?:a )?(?:very |really |clearly )?bad idea\b
            (?:made|took|was|making) (?:an?|the) (?:\w+ )?(?:wrong|bad|poor|terrible|fatal|awful|questionable|
                foolish) (?:call|choice|decision|judge?ment)\b
            (?:took|taking|taken) (?:a |the |an? easy )?shortcuts?\b(?! key)
            through (?:sheer |pure )?inattention\b
            (?:work|act|attitude|behaviou?r|conduct) (?:was|is) (?:simply |just )?(?:poor|bad|terrible|below)\b
            (?:bothered|could be arsed) to (?:read|check|look|test|ask|open)
        """,
        "“{found}” judges a person, and a judged person tells less the next time.",
        "Leave the judgement out and say what happened: “nothing reminded anybody of …”.",
        r"""
            (?:not|nobody|no one|never|without|nor|rather than|instead of|no)\b (?:\w+ ){0,4}(?:blam\w+|culprits?|
                at fault|guilty|scapegoat\w*)
            (?:word|words|terms?|labels?|adjectives?) (?:such as|like)\b
        """,
    ),
)  # fmt: skip
