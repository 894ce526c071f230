"""Turns of phrase of protocols: what is underlined, what is said, and that no right formula is touched.

The words that must be underlined stand between « and ».
"""

import re

import pytest

from eligibility.library import diagnose
from eligibility.phrases import IDIOMS

HEAD = 'trial T "t"\n\ninclude:\n  1 "one":\n'


def body(text):
    return HEAD + "".join(f"    {line}\n" for line in text.splitlines())


SAID = [
    # rule, code, words of the message, words of the help
    ("creatinine «greater than» 5 mg/dL", "E142", ["greater than"], ["`>`"]),
    ("creatinine «greater than or equal to» 5 mg/dL", "E142", ["equal"], ["`>=`"]),
    ("creatinine «no more than» 5 mg/dL", "E142", ["no more than"], ["`<=`"]),
    ("creatinine «not less than» 5 mg/dL", "E142", ["not less than"], ["`>=`"]),
    ("creatinine «above» 5 mg/dL", "E142", ["above"], ["`>`"]),
    ("creatinine «under» 5 mg/dL", "E142", ["under"], ["`<`"]),
    ("creatinine «at least» 5 mg/dL", "E142", ["at least"], ["`>=`"]),
    ("age «is at least» 18 years", "E142", ["is at least"], ["`>=`"]),
    ("creatinine «> =» 5 mg/dL", "E143", ["> ="], ["`>=`"]),
    ("creatinine «＞» 5 mg/dL", "E143", ["＞"], ["`>`"]),
    ("age >= 18 «or older»", "E143", ["or older"], ["take it out"]),
    ("age «is» between 18 and 65 years", "E143", ["is"], ["take out `is`"]),
    ("creatinine «not between» 1 and 3 mg/dL", "E143", ["not between"], ["not (creatinine between 1 and 3 mg/dL)"]),
    ("creatinine between 1 «to» 3 mg/dL", "E143", ["to"], ["between 1 and 3 mg/dL"]),
    ("creatinine «between» 5 mg/dL", "E143", ["two ends"], ["between 35 and 70 years"]),
    ("creatinine «from 1 to 3 mg/dL»", "E143", ["from 1 to 3"], ["between 1 and 3 mg/dL"]),
    ("creatinine >= 5 mg/dL «within 3 days»", "E143", ["within 3 days"], ["creatinine within 3 days >= 5 mg/dL"]),
    ("stroke or ALT > 3 x ULN «within 3 days»", "E143", ["threshold"], ["ALT within 3 days > 3 x ULN"]),
    ("creatinine > 5 mg/dL «for at least 3 days»", "E143", ["threshold"], ["condition"]),
    ("stroke «within the past» 3 months", "E143", ["within the past"], ["`within 3 months`"]),
    ("stroke «in the last» 3 months", "E143", ["in the last"], ["`within 3 months`"]),
    ("stroke «during» 3 months", "E143", ["during"], ["`within 3 months`"]),
    ("surgery «within next» 3 months", "E143", ["within next"], ["within the next 3 months"]),
    ("stroke within «3-6 months»", "E143", ["3-6 months"], ["within 6 months"]),
    ("stroke within «-1 days»", "E143", ["-1 days"], ["1 days"]),
    ("stroke within 3 months «of» first dose", "E143", ["of"], ["before first dose", "after first dose"]),
    ("stroke within 3 months «before 4 March 2024»", "E143", ["4 March 2024"], ["milestone"]),
    ("stroke before first dose «within 3 months»", "E143", ["within 3 months"], ["within 3 months before first dose"]),
    ("«within 3 months»", "E400", ["name", "within 3 months"], ["stroke within 3 months"]),
    ("long-term oxygen therapy «for more than 3 months»", "E143", ["for more than"], ["`for at least 3 months`"]),
    ("long-term oxygen therapy «for 3 months»", "E143", ["for 3 months"], ["`for at least 3 months`"]),
    ("history of malignancy «for at least» 5 years", "E143", ["history of"], ["malignancy for at least"]),
    ("«history malignancy»", "E143", ["history malignancy"], ["`history of malignancy`"]),
    ("«onset malignancy» within 3 days", "E143", ["onset malignancy"], ["`onset of malignancy`"]),
    ("«prior malignancy»", "E143", ["prior"], ["`history of malignancy`"]),
    ("«onset of» within 3 days", "E143", ["name", "onset of"], []),
    ("«rise in» over 1 day >= 3 mg/dL", "E143", ["name", "rise in"], []),
    ("creatinine «after» > 5 mg/dL", "E143", ["name", "after"], []),
    ("«time since ARDS» > 96 hours", "E143", ["time since ARDS"], ["`time since onset of ARDS`"]),
    ("«onset of ARDS» > 96 hours", "E143", ["length of time"], ["`time since onset of ARDS`"]),
    ("time since onset of ARDS «within» 96 hours", "E143", ["window"], ["onset of ARDS within 96 hours", "<= 96 hours"]),
    ("«rise in» creatinine >= 3 mg/dL", "E143", ["over"], ["rise in creatinine over 48 hours"]),
    ("«rise of» creatinine over 1 day >= 3 mg/dL", "E143", ["rise of"], ["rise in creatinine"]),
    ("«decrease in» hemoglobin over 1 day >= 20 g/L", "E143", ["decrease in"], ["fall in hemoglobin"]),
    ("«maximum» lactate within 24 hours >= 4 mmol/L", "E143", ["maximum"], ["`highest lactate`"]),
    ("«most recent» lactate >= 4 mmol/L", "E143", ["most recent"], ["`latest lactate`"]),
    ("«average creatinine» > 5 mg/dL", "E143", ["average"], ["highest", "lowest"]),
    ("«highest» within 24 hours lactate >= 4 mmol/L", "E143", ["window"], ["highest lactate within 24 hours"]),
    ("«history of» (malignancy or stroke)", "E143", ["history of", "one name"], ["each name"]),
    ("«judgement 'is it so'»", "E143", ["quotation marks"], ["straight"]),
    ("«judgement “Is it so?”»", "E143", ["quotation marks"], ["straight"]),
    ("«history of judgement» \"a\"", "E143", ["history of judgement"], ["alone"]),
    ("judgement \"a\" «within» 3 days", "E131", ["no time"], ["take it out"]),
    ("NYHA class «in» III, IV", "E143", ["brackets"], ["in (III, IV)"]),
    ("NYHA class in (III «or» IV)", "E143", ["comma"], ["in (III, IV)"]),
    ("NYHA class is III «or» IV", "E143", ["IV"], ["NYHA class in (III, IV)"]),
    ("NYHA class «is» (III, IV)", "E143", ["one value"], ["in (III, IV)"]),
    ("NYHA class «III»", "E141", ["comparison", "III"], ["NYHA class is III"]),
    ("sex «female»", "E141", ["comparison", "female"], ["sex is female"]),
    ("corrected calcium «2.8» mmol/L", "E141", ["corrected calcium", "2.8"], ["corrected calcium >= 2.8"]),
    ("malignancy or FiO2 «45» %", "E141", ["FiO2", "45"], ["FiO2 >= 45"]),
    ("stroke  «1»  week", "E141", ["stroke", "1 week"], ["stroke within 1 week"]),
    ("surgery within 28 days «beore first dose»", "E141", ["28 days", "beore first dose"], ["before", "and"]),
    ("NYHA class «is not»", "E143", ["value is missing", "is not"], []),
    ("«social or mental disability»", "E400", ["or"], ["backticks"]),
    ("history of «social or mental disability»", "E400", ["or"], ["backticks"]),
    ("«patient has» malignancy", "E143", ["patient has"], ["`malignancy`"]),
    ("malignancy and «no evidence of» sepsis", "E143", ["no evidence of"], ["no sepsis"]),
    ("malignancy «and/or» sepsis", "E143", ["and/or"], ["`or`"]),
    ("malignancy «but» not sepsis", "E143", ["but"], ["and not"]),
    ("malignancy «∧» sepsis", "E137", ["∧"], ["`and`"]),
    ("malignancy «|» sepsis", "E137", ["|"], ["`or`"]),
    ("«¬» malignancy", "E137", ["¬"], ["`not`"]),
    ("malignancy «if» sepsis", "E143", ["if"], ["if A then B"]),
    ("malignancy «then» sepsis", "E143", ["then", "if"], ["if A then B"]),
    ("if malignancy«,» sepsis", "E143", ["then"], ["if A then B"]),
    ("if «then» sepsis", "E143", ["statement is missing"], ["if A then B"]),
    ("ALT > «ULN x 3»", "E143", ["ULN x 3"], ["`3 x ULN`"]),
    ("ALT > 3 x «LUN»", "E143", ["LUN"], ["3 x ULN"]),
    ("INR «**» 2 > 5", "E143", ["**"], ["x ^ 2"]),
    ("creatinine >= «1.000,5» umol/L", "E138", ["1.000,5"], ["1000.5"]),
    ("creatinine >= «1 000» umol/L", "E138", ["1 000"], ["`1000`"]),
    ("creatinine >= «0,5» mg/dL", "E138", ["0,5"], ["`0.5`"]),
    ("creatinine >= «1.2.3» mg/dL", "E138", ["1.2.3"], ["decimal point"]),
    ("malignancy «not» sepsis", "E131", ["not"], ["and not"]),
    ("malignancy«;» sepsis", "E131", [";"], ["`and`", "`or`"]),
    ("«[»malignancy or sepsis]", "E128", ["["], ["`(`"]),
    ("«'malignancy'»", "E128", ["quotation marks"], ["malignancy"]),
    ("any of:\n  - malignancy\n  - stroke\n«and» sepsis", "E131", ["and"], ["all of:", "indent"]),
    ("«any of» malignancy, stroke", "E140", ["any of"], ["below it", "`- `"]),
    ("«any of:» malignancy, stroke", "E140", ["any of"], ["below it", "`- `"]),
    ("«at least 2 of 3»:\n  - malignancy\n  - stroke\n  - sepsis", "E140", ["at least 2 of 3"], ["`at least 2 of:`"]),
    ("«at least 2 of»\n  - malignancy\n  - stroke", "E140", ["colon"], ["`:`"]),
    ("«at least -1 of»:\n  - malignancy", "E140", ["-1"], ["whole number"]),
    ("«2 of»:\n  - malignancy\n  - stroke", "E140", ["2 of"], ["at least 2 of:"]),
    ("«all»:\n  - malignancy\n  - stroke", "E140", ["all:"], ["`all of:`"]),
    ("creatinine «betwen» 3 and 4 mg/dL", "E143", ["betwen"], ["`between`"]),
    ("NYHA class «III» or IV", "E141", ["NYHA class", "III"], ["NYHA class in (III, IV)"]),
    ("NYHA «III»/IV", "E141", ["NYHA", "III"], ["NYHA in (III, IV)"]),
    ("NYHA class «II-IV»", "E141", ["II-IV"], ["NYHA class in (II, III, IV)"]),
    ("NYHA class is III «or higher»", "E143", ["or higher"], ["`>= III` instead of `is`"]),
    ("NYHA class in (III«;» IV)", "E143", ["comma"], ["in (III, IV)"]),
    ("«adults»", "E400", ["adults"], ["age >= 18 years"]),
    ("«aged 18 years or older»", "E143", ["aged 18"], ["`age >= 18 years`"]),
    ("«older than» 18 years", "E142", ["older than"], ["`age > 18 years`", "`age >= 18 years`"]),
    ("«younger than» 6 months", "E142", ["younger than"], ["`age < 6 months`"]),
    ("«more than» 3 failing organs", "E142", ["more than"], ["`failing organs > 3`"]),
    ("«female» and malignancy", "E400", ["value of `sex`"], ["`sex is female`"]),
    ("stroke «within» a year", "E129", ["duration"], ["`within 1 year`"]),
    ("«over» 18 years old", "E142", ["over"], ["`age > 18 years`"]),
    ("«negative»", "E400", ["not declared"], []),
    ("stroke «within» five years", "E129", ["five"], ["`within 5 years`"]),
    ("stroke «within the past week»", "E143", ["past week"], ["`within 1 week`"]),
    ("stroke «more than 6 months ago»", "E143", ["window"], ["`time since onset of stroke > 6 months`"]),
    ("stroke «> 6 months ago»", "E143", ["window"], ["`time since onset of stroke > 6 months`"]),
    ("stroke «less than 6 months ago»", "E143", ["window"], ["`within 6 months`"]),
    ("stroke «at least 6 months before screening»", "E143", ["window"], ["history of stroke and no stroke within 6 months before screening"]),
    ("malignancy «not within» 5 years", "E143", ["not within"], ["`no malignancy within 5 years`"]),
    ("no malignancy «for 5 years»", "E143", ["for 5 years"], ["`no malignancy within 5 years`"]),
    ("«free of malignancy for at least 5 years»", "E143", ["free of"], ["`no malignancy within 5 years`"]),
    ("malignancy «for less than 3 months»", "E143", ["for less"], ["X and not X for at least 3 months"]),
    ("chemotherapy within 4 weeks «prior to» first dose", "E143", ["prior to"], ["within 4 weeks before first dose"]),
    ("invasive ventilation «since 2 days»", "E143", ["since"], ["for at least 2 days"]),
    ("invasive ventilation «>» 48 hours", "E475", ["condition"], ["invasive ventilation for at least 48 hours"]),
    ("«surgery planned»", "E143", ["planned"], ["surgery within the next 3 months"]),
    ("«ARDS onset» within 1 week", "E400", ["onset"], ["`onset of ARDS`"]),
    ("«malignancy ever»", "E400", ["ever"], ["`history of malignancy`"]),
    ("no «known» history of malignancy", "E143", ["known"], ["history of malignancy"]),
    ("«stroke/malignancy»", "E400", ["joins"], ["stroke or malignancy"]),
    ("«ALT/AST» > 3 x ULN", "E400", ["joins"], ["compare each"]),
    ("«PaO2:FiO2» < 200 mmHg", "E143", ["PaO2:FiO2"], ["`PaO2/FiO2`"]),
    ("«stroke und malignancy»", "E400", ["`und`"], ["join `stroke` and `malignancy`"]),
    ("«malignancy stroke»", "E400", ["nothing joins"], ["and", "or"]),
    ("«current malignancy»", "E400", ["declared"], ["only if it means the same"]),
    ("«worst» PaO2/FiO2 within 24 hours < 200 mmHg", "E143", ["worst"], ["`lowest PaO2/FiO2`"]),
    ("«creatinine rise» >= 44.2 umol/L over 1 day", "E143", ["creatinine rise"], ["rise in creatinine over 1 day"]),
    ("«increase in» creatinine over 24 hours >= 3 mg/dL", "E143", ["increase in"], ["over 24 hours"]),
    ("blood pressure < «90/60» mmHg", "E400", ["two numbers"], ["systolic blood pressure < 90 mmHg", "diastolic blood pressure < 60 mmHg"]),
    ("creatinine > «1,5» mg/dL", "E138", ["1,5"], ["`1.5`"]),
    ("creatinine «~» 2 mg/dL", "E143", ["exact"], ["between"]),
    ("age >= «１８» years", "E143", ["wide"], ["`18`"]),
    ("stroke «//» remark", "E128", ["remark"], ["`#`"]),
    ("«either» stroke or sepsis", "E143", ["either"], ["take it out"]),
    ("«neither» stroke nor sepsis", "E143", ["neither"], ["no A and no B"]),
    ("«none of» stroke, malignancy", "E140", ["none of"], ["`none of:` alone"]),
    ("«two or more of»:\n  - malignancy\n  - stroke", "E140", ["two or more of"], ["`at least 2 of:`"]),
    ("«malignancy» is true", "E452", ["condition"], ["`malignancy` alone"]),
    ("all of:\n  - malignancy\n  - «note» \"x\"", "E143", ["note"], ["below the criterion"]),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "code", "message", "help_text"), SAID)
def test_a_turn_of_phrase_is_named_and_put_right(rule, code, message, help_text):
    text = body(rule)
    start = text.index("«")
    words = text[start + 1 : text.index("»")]
    before = text[:start]
    told = [item for item in diagnose(text.replace("«", "").replace("»", ""))[1] if item.severity == "error"]
    matching = [item for item in told if item.underlined.rstrip(":") == words.rstrip(":")]
    assert matching, [str(item) for item in told]
    assert matching[0].code == code
    assert (matching[0].line, matching[0].column) == (before.count("\n") + 1, start - before.rfind("\n"))
    assert not [word for word in message if word.casefold() not in matching[0].message.casefold()], matching[0].message
    assert not [word for word in help_text if word.casefold() not in (matching[0].help or "").casefold()], matching[
        0
    ].help


@pytest.mark.parametrize(
    "rule", [rule for rule, *_ in SAID if "\n" not in rule and rule[-1] not in '"»' and "social" not in rule]
)
def test_one_phrase_is_one_diagnostic(rule):
    told = diagnose(body(re.sub("[«»]", "", rule)))[1]
    assert len(told) == 1, [str(item) for item in told]


HEADS = [
    # the line of a criterion or of the trial, code, words of the message and of the help, in place of a good one
    ("1 “Adult”: age >= 18 years", "E125", "straight quotation marks", '1 "label"'),
    ("1 'Adult': age >= 18 years", "E125", "straight quotation marks", '1 "label"'),
    ('1. "Adult": age >= 18 years', "E125", "`1.` is no ID", "write `1`"),
    ('(1) "Adult": age >= 18 years', "E125", "`(1)` is no ID", "write `1`"),
    ('1-1 "Adult": age >= 18 years', "E125", "`1-1` is no ID", "letters, digits and dots"),
    ('- "Adult": age >= 18 years', "E125", "not with `-`", 'ID "label"'),
    ("1 ‘Adult’ age >= 18 years", "E125", "straight quotation marks", '1 "label"'),
    ("1: age >= 18 years", "E125", "criterion `1` has no label", '1 "label"'),
    ('1 "Adult"： age >= 18 years', "E143", "wide", "`:`"),
    ('1 "Adult": stroke.', "E131", "`.` ends nothing", "take it out"),
    ('1 "Adult": stroke note "x"', "E131", "`note` stands on the line", "line of its own"),
    ('1 "Adult": stroke\n    note: "x"', "E133", "no colon", 'note "..."'),
    ('1 "Adult":\n    any of:\n    - stroke\n    - sepsis', "E134", "any of:", "indented"),
]


@pytest.mark.parametrize(("line", "code", "message", "help_text"), HEADS)
def test_the_head_of_a_criterion_is_put_right_with_one_diagnostic(line, code, message, help_text):
    told = diagnose(f'trial T "t"\n\ninclude:\n  {line}\n')[1]
    assert [item.code for item in told] == [code], [str(item) for item in told]
    assert message in told[0].message
    assert help_text in told[0].help


def test_items_behind_another_sign_are_told_and_nothing_follows_from_them():
    told = diagnose(body("any of:\n  • stroke\n  * malignancyy\n  - sepsis"))[1]
    assert [(item.code, item.underlined) for item in told] == [("E131", "•"), ("E131", "*")]
    told = diagnose(body("any of:\n  stroke\n  malignancy"))[1]
    assert [(item.code, item.underlined) for item in told] == [("E131", "stroke"), ("E131", "malignancy")]


def test_a_second_trial_has_no_twins_in_the_first():
    text = 'trial T "t"\n\ninclude:\n  1 "one": stroke\n'
    assert [item.code for item in diagnose(text + "\n" + text)[1]] == ["E124"]


def test_the_line_of_a_trial_is_not_taken_for_a_formula():
    (told,) = diagnose('trial NCT0|1 "t"\n\ninclude:\n  1 "one": stroke\n')[1]
    assert (told.code, told.line) == ("E131", 1)
    assert 'trial ID "title"' in told.help


def test_no_name_is_offered_that_is_alike_by_chance_or_leaves_a_word_out():
    for rule in ("adults", "Alter", "IV", "HBsAg positive", "ventilated", "stroke/malignancy", "keine malignancy"):
        (told,) = diagnose(body(rule))[1]
        assert told.code == "E400"
        assert not told.help.startswith("did you mean"), told.help
    for rule, meant in (("âge >= 3 years", "age"), ("PaO₂/FiO₂ < 200 mmHg", "PaO2/FiO2"), ("malignancies", "malignancy"),
                        ("creatinin > 3 mg/dL", "creatinine"), ("malignant tumour", "malignant tumor")):  # fmt: skip
        (told,) = diagnose(body(rule))[1]
        assert told.help == f"did you mean `{meant}`?"


NEGATIONS = [
    ("no stroke or sepsis", "`no` binds to `stroke` alone", "`no stroke and no sepsis`"),
    ("no history of stroke or malignancy or sepsis", "`no` binds to `stroke` alone", "no history of stroke and no malignancy and no sepsis"),
    ("not stroke within 6 months or sepsis", "`not` binds to `stroke` alone", "not stroke within 6 months and not sepsis"),
    ("no malignancy for at least 5 years", "less than 5 years", "`no malignancy within 5 years`"),
    ("no stroke or no sepsis", None, None),
    ("(no stroke) or sepsis", None, None),
    ("sepsis or no stroke", None, None),
    ("no invasive ventilation or FiO2 < 50 %", None, None),
    ("no (stroke or sepsis)", None, None),
    ("not malignancy for at least 5 years", None, None),
    ("any of:\n  - no stroke\n  - sepsis", None, None),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "message", "help_text"), NEGATIONS)
def test_a_negation_that_says_less_than_it_sounds_is_warned_of(rule, message, help_text):
    trial, told = diagnose(body(rule))
    assert trial is not None
    assert [item.code for item in told] == (["W203"] if message else [])
    if message:
        assert message in told[0].message
        assert help_text in told[0].help


STILL = [
    # what is wrong beside words that some phrase holds keeps its own diagnosis
    ("rise in «creatinin» over 1 day >= 3 mg/dL", "E400"),
    ("malignancy for at least «0.3 years»", "E460"),
    ("at least 3 of:\n  - malignancy\n  - «malignacy»\n  - stroke", "E400"),
    ("creatinine > «baseline creatinine»", "E445"),
    ("participation in another trial and «strok» within 3 days", "E400"),
    ("surgery within the next 3 months and «creatinin» > 5 mg/dL", "E400"),
    ("time since onset of ARDS > «96 moons»", "E460"),
    ("age between 18 and 65 years and «malignacy»", "E400"),
]


@pytest.mark.parametrize(("rule", "code"), STILL)
def test_a_phrase_next_to_it_does_not_hide_what_is_wrong(rule, code):
    words = re.search("«(.*)»", rule)[1]
    told = diagnose(body(re.sub("[«»]", "", rule)))[1]
    assert [(item.code, item.underlined) for item in told if item.severity == "error"] == [(code, words)]


def test_patterns_of_phrases_come_to_an_end_on_hostile_lines():
    for seed in (
        "a ",
        "5 - ",
        "within 3 days ",
        "social or mental ",
        "(x) < ",
        "is not in ( ",
        "between 3 to ",
        "for 3 ",
    ):
        line = (seed * 400)[:700]
        for idiom in IDIOMS:
            assert len(list(idiom.pattern.finditer(line))) <= len(line)
