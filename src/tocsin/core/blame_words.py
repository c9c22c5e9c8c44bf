"""
Words of blame: who is named, what is said of them, what was not, what is vague. `blame` makes its patterns of these.

They are read in lower case, with one space between words, and `ǁǁǁ` in the place of a person's name.
"""

from __future__ import annotations

from typing import Final

NAME: Final = "ǁ"  # a letter of no language that postmortems are written in


def _any(table: str) -> str:
    """One of a table, with ` | ` between words or patterns; a line indented more goes on with the last, `#` remarks."""
    lines = [line for line in table.replace(f"\n{' ' * 8}", "").split("\n") if not line.lstrip().startswith("#")]
    return f"(?:{'|'.join(each.strip() for line in lines for each in line.split(' | ') if each.strip())})"


# --------------------------------------------------------------------------------------------------- who

THE: Final = r"(?:the|an?|our|their|this|that|one of (?:the|our)|another)"
# Who somebody is when no name is known.
ROLE: Final = (
    r"(?:(?:on-?call|junior|senior|new|young|inexperienced|other|first|second|database|release|network|system|"
    r"site|duty|night|lead|remote|same|responsible|ops|security|storage|backend|frontend|software|support|"
    r"external|staff)[ -])*(?:engineers?|developers?|devs?|interns?|contractors?|operators?|admins?|"
    r"administrators?|sysadmins?|dbas?|reviewers?|approvers?|commanders?|managers?|authors?|consultants?|"
    r"freelancers?|colleagues?|employees?|architects?|technicians?|trainees?|apprentices?|newcomers?|hires?|"
    r"joiners?|programmers?|coders?|testers?|committers?|responders?|agents? on duty|(?:night|day|late|"
    r"early) shift|members? of staff|on-?call(?: (?:person|engineer|developer))?|(?:person|people|one|"
    r"colleague) (?:on (?:call|duty)|in charge))"
)
ONE: Final = rf"(?:{NAME}+|s?he|whoever|some(?:body|one)|{THE} {ROLE})"
# Groups of machines are groups too.
TEAM_WORD: Final = (
    r"(?:teams?|department|squad|crew|folks|guys|staff|people|help ?desk|"
    r"(?<!consumer )(?<!scaling )(?<!security )(?<!node )(?<!target )(?<!resource )(?<!process )group)"
)
THE_TEAM: Final = rf"(?:the|our|their|vendor's|other) (?:[\w'-]+ ){{0,3}}?{TEAM_WORD}"
# With an article some of them are systems: the frontend, the backend.
BARE_TEAM: Final = (
    r"(?<!the )(?<!our )(?<!a )(?:qa|sre|devops|management|leadership|operations|ops|sales|marketing|finance|legal|"
    r"procurement|product|engineering|infrastructure|frontend|backend|support|hr)"
)
TEAM: Final = rf"(?:{THE_TEAM}|{BARE_TEAM}|the (?:vendor|architects|developers|offshore \w+))"
BY_TEAM: Final = rf"(?:{THE_TEAM}|(?:the )?(?:{BARE_TEAM}|operations|sales|marketing|architects|vendor|infrastructure))"

# --------------------------------------------------------------------------------------------------- what they did

# Before a verb: "simply", "had then", "carelessly".
HOW: Final = r"(?:(?:also|simply|then|again|just|even|once again|still|first|had|has|have|,? who|\w+ly) ){0,2}"
NOT: Final = r"(?:did not|didn't|had not|hadn't|has not|hasn't|does not|doesn't|do not|don't|never)"
# What is said of somebody to blame them, by what it did to the system, to a duty, and to the truth.
WRONG: Final = _any(rf"""
    # What it did to the system.
    broken? | deleted? | wiped | ruined | destroyed | crashed | wrecked | trashed | nuked | clobbered | corrupted
    overwrote | leaked | caused | triggered the (?:outage|incident|crash) | took (?:down|out)
    (?:brought|took) (?:\w+ ){{1,4}}down | brought down | knocked (?:over|out)
    (?:blew|messed|screwed|fouled|mucked) up
    introduced (?:the|an?) (?:\w+ )?(?:bug|fault|error|defect|regression|problem) | created the (?:problem|mess)
    # What it did to a duty.
    ignored? | missed | neglected | forgot(?:ten)? | overlooked | skipped | rushed | refused | disregarded
    dismissed | bypassed | circumvented | violated | disobeyed | abandoned | wasted | omitted | hesitated | dithered
    procrastinated | panicked | over-?reacted | gave up | dropped the ball | cut corners | sat on | slept
    fell asleep | overslept | dozed | stayed silent | kept silent | looked away | went back to bed
    brushed (?:\w+ ){{0,4}}(?:off|aside) | shrugged | lost (?:track|sight|focus|control|interest)
    ran out of patience
    left (?:\w+ ){{1,4}}(?:on|open|enabled|running|unlocked|unattended|exposed|behind|unprotected|undone|unfinished)
    let (?:\w+ ){{1,5}}(?:expire|lapse|slip|rot|run (?:out|full)|fill(?: up)?) | jumped to (?:a )?conclusions?
    # What was understood otherwise.
    mis(?:configured|read|understood|judged|interpreted|calculated|typed|took|handled|managed|diagnosed|applied|
        placed|labell?ed|used|counted|communicated|informed|led|remembered)
    underestimated | confused | mixed up | got (?:\w+ ){{1,3}}wrong | lied | hid | concealed | withheld
    # Something done to the wrong thing, but not where somebody noticed one.
    (?!(?:saw|found|noticed|spotted|reported|asked|said|explained|showed|fixed|corrected|replaced|reverted|
        removed)\b)\w+(?:ed|ran|chose|put|took|sent|set|shut|hit) (?:(?!that\b|which\b|what\b|whether\b|
        because\b)[\w'-]+ ){{0,6}}?(?:an? |the )?wrong
    (?:chose|picked|ran|sent|set|took|hit|put|shut|drew|built) (?:[\w'-]+ ){{0,4}}?wrong
    (?:ran|pushed|shipped|merged|deployed|released) (?:an? |the )?(?:bad|broken|untested|unreviewed|unfinished|
        buggy|faulty)
    (?:ran|issued|executed|typed) an? (?:\w+ ){{1,3}}without
    # Something done without another: said as blame, though without a "not".
    (?!worked\b)\w+(?:ed|ran|wrote|put|took|sent|set|went|made) (?:[\w'-]+ ){{0,6}}?without (?:even |first |any |
        an? |the |prior )?(?:asking|telling|checking|testing|tests?|reading|looking|thinking|waiting|consulting|
        informing|warning|notice|announcing|announcement|approval|permission|authori[sz]ation|review|reviewing|
        backups?|verifying|need|reason|coordinating|coordination|understanding|care)
    (?:pushed|committed|merged|went|deployed) (?:straight|directly) (?:in)?to (?:main|master|prod|production|live)
    # What was not done.
    {NOT} (?:even |bother (?:to )?|properly |really |think (?:to|of) |care (?:to|about) |want (?:to )?|
        take the time to |try to |remember to )*(?:test|read|check|look|answer|ask|tell|told|follow|notice|document|
        review|verif|bother|escalat|communicat|warn|understand|understood|think|thought|consider|reali[sz]|pass|
        inform|respond|reply|replied|react|acknowledg|care|listen|help|renew|clean|wait|double-?check|scroll|use|
        do (?:his|her|their)|adher|stick|stuck|consult|coordinat|announc|involv|monitor|watch|ensure|make sure|pay|
        paid|prepare|learn|take|took|question|confirm|validat)\w*
    # How it was done.
    (?:wrongly|incorrectly|falsely|blindly|rashly|hastily|prematurely|recklessly|carelessly|foolishly|stubbornly|
        needlessly|unnecessarily|naively|erroneously|inexplicably|knowingly|deliberately|lazily|mistakenly) \w+
    (?:simply|just|only) (?:assumed|believed|trusted|guessed|hoped|waved) | assumed (?:\w+ ){{0,8}}wrongly
    (?:was|were) (?:(?:too|very|so|obviously|clearly|simply|not) )*(?:slow|distracted|asleep|drunk|unprepared|
        over-?confident|confused|inexperienced|careless|sloppy|negligent|unqualified|lazy|hasty|late|unhelpful|
        uncooperative|unresponsive|inattentive|paying attention|impatient|stubborn|nervous|complacent)\b
""")  # fmt: skip
# What groups do to each other.
TEAM_WRONG: Final = _any(rf"""
    {WRONG} | blocked | insisted | rejected our | denied us | overruled | pressured | pushed (?:\w+ ){{1,4}}through
    (?:would|could) not be (?:reached|bothered) | (?:refused|declined) to | had (?:other|different) priorities
    took (?:far |way |much )?(?:too long|ages|forever|weeks|days) | kept (?:us|everybody|everyone) waiting | delayed
    stalled | sabotaged | obstructed | showed no interest | (?:never|seldom) (?:cleaned|joined|came|shared|finished)
""")  # fmt: skip
# Acts that are no fault, until an outage is said to be their result.
ACT: Final = _any(rf"""
    {WRONG} | changed | restarted | rebooted | deployed | merged | pushed | ran | deleted | removed | edited
    turned | switched | closed | disabled | enabled | upgraded | updated | typed | entered | clicked | pressed
    applied | installed | renamed | moved | committed | approved | unplugged | pulled | dropped | stopped | killed
    put | left | failed | released | copied | reverted | assumed | thought | decided | wanted | tried | trusted
""")  # fmt: skip
TROUBLE: Final = (
    r"(?:outage|incident|crash|failure|downtime|problem|disaster|data loss|loss|leak|breach|trouble|mess|bug|"
    r"regression)"
)
# A thing done, in the passive, with whoever is blamed behind it.
DONE: Final = (
    r"(?:was|were|is|are|(?:had|has|have) been|being|got) (?:simply )?(?:\w+ly )?(?:ignored|missed|overlooked|"
    r"caused|broken|introduced|forgotten|misconfigured|neglected|skipped|silenced|deleted|wiped|triggered|"
    r"provoked|brought (?:about|down)|taken down|misread|misunderstood|mishandled|botched|ruined|rushed|delayed|"
    r"blocked|dismissed|created|(?:not|never) (?:\w+ly )?\w+)"
)
THEIRS: Final = r"(?:mistakes?|errors?|fault|failure|negligence|carelessness|inaction|inattention|ignorance|oversight)"
THEIR_WORK: Final = (
    r"(?:change|commit|fix|decision|deploy(?:ment)?|script|code|command|action|merge|patch|query|release|restart)"
)
DID_HARM: Final = (
    r"(?:was the (?:reason|cause)|caused|broke|led to|brought (?:\w+ )*down|triggered|took (?:\w+ )*down|crashed|"
    r"destroyed|is the reason|cost us)"
)

# --------------------------------------------------------------------------------------------------- errors of people

WHOSE_ERROR: Final = _any(r"""
    human(?: factors?)? | operator | user | pilot | administrator | admin | engineer | developer | manual
    configuration | staff | personal | personnel | individual | handling | typing | typ(?:o|ing) | clerical
    cop(?:y|ied)[- ](?:and[- ])?paste?d? | rookie | beginner's? | silly | honest | simple | stupid | careless
    classic
""")  # fmt: skip
AN_ERROR: Final = r"(?:errors?|mistakes?|failures?|slips?|lapses?|blunders?|oversights?|accidents?)"
BY_CHANCE: Final = r"(?:accidentally|inadvertently|unintentionally|mistakenly|erroneously|unwittingly)"
HAND: Final = (
    r"(?:deleted|removed|dropped|disabled|enabled|shut|turned|switched|unplugged|closed|opened|overwr\w+|pushed|"
    r"merged|deployed|committed|ran|run|typed|chosen?|selected|put|left|used|changed|pressed|clicked|entered|"
    r"restarted|stopped|truncated|wiped|revoked|applied|set|copied|moved|renamed|published|sent|cut|pulled)"
)

# --------------------------------------------------------------------------------------------------- what was not

# What would have been better: past participles, with what it would have spared.
BETTER: Final = _any(r"""
    avoid | prevent | caught | notic | found | stopp | sav(?:ed|ing) | shorten | halv | reduc | spar(?:ed|ing)
    detect | spott | discover | mitigat | limited | contain | restor | roll | run\b | check | test | asked | call
    escalat | warned | alert | react | acted | fixed | resolv | solv | recover | over\b | seen (?:it|this|that)\b
    (?:been )?(?:much )?(?:shorter|smaller|better|faster|sooner|quicker|earlier|less|lower) | told | done | known
    helped | made (?:a|the|all the) difference | ended | taken | foreseen | anticipat
""")  # fmt: skip
PERFECT: Final = r"(?:have|'ve|of)"  # "could of" is how it is heard
WE: Final = rf"(?:{ONE}|{TEAM}|we|they|i|nobody|no one|anybody|anyone|everybody|support|people)"
FAIL: Final = (
    r"(?:fail(?:ed|s)? to|neglect(?:ed|s)? to|omitted to|did(?: not|n't) (?:manage|care|bother|succeed|think|"
    r"attempt)(?: to| of| in)?|failed in)"
)
A_PAST: Final = r"(?:had(?: not|n't| never)?)"

# --------------------------------------------------------------------------------------------------- one cause

CAUSE: Final = (
    r"(?:(?:root |main |real |actual |true |underlying )*(?:causes?|reasons?|culprit|factor|explanation)|trigger)"
)
WHOLLY: Final = r"(?:solely|entirely|purely|exclusively|wholly|only|merely|simply|just|completely|fully)"
DUE: Final = (
    r"(?:due to|caused by|because(?: of)?|attribut(?:ed|able) to|explained by|down to|traced (?:back )?to|"
    r"the (?:result|fault) of|the (?:result|consequence) of|blamed on|put down to|on account of)"
)
OUTCOME: Final = rf"(?:{CAUSE}|{TROUBLE}|issue|fault|explanation|all|everything|whole (?:thing|story|incident|outage))"

# --------------------------------------------------------------------------------------------------- vague actions

PEOPLE: Final = (
    rf"(?:everyone|everybody|people|the team|our team|all teams|teams|staff|colleagues|(?:the |our |all )?{ROLE}|"
    rf"new joiners|each other|one another|the [\w-]+ team)"
)
GOOD_THING: Final = (
    r"(?:communication|monitoring|awareness|quality|documentation|docs|testing|tests|test coverage|processe?s?|"
    r"procedures?|collaboration|alerting|observability|culture|review culture|discipline|knowledge|visibility|"
    r"coordination|reviews?|code reviews?|hand-?overs?|training|vigilance|ownership|attention|understanding|care|"
    r"resilience|reliability|stability|robustness|cooperation|diligence|skills?|onboarding|planning|preparation|"
    r"transparency|logging|security)"
)
CAREFUL: Final = (
    r"(?:careful|vigilant|attentive|aware|mindful|cautious|conscious|diligent|thorough|alert|proactive|"
    r"disciplined|responsible)"
)
START: Final = (
    r"(?:(?:we|you|let us|let's|engineers|developers|everyone|everybody|people|all) )?(?:(?:will|should|must|"
    r"need to|have to|shall|please|could|are to) )*"
)
