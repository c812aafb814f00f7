"""A chat template is foreign code: it gets the dialect that it was written for, and no more time or room than that."""

from __future__ import annotations

import json

import pytest

from mistral_desk.core.errors import in_words
from mistral_desk.inference.template import Template, TemplateError, TemplateSlowError, as_desk_error
from tests.fixtures import templates

QUICK = 0.2


def render(source: str, **variables: object) -> str:
    return Template(source).render([], **variables)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{% if true %}\n  a\n  {% endif %}\nb", "  a\nb"),  # blocks take their line with them
        ("{% for i in range(9) %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endfor %}", "01"),
        ("{{ {'b': 1, 'a': '<ü>'} | tojson }}", '{"b": 1, "a": "<ü>"}'),
        ("{{ [1] | tojson(indent=1) }}", "[\n 1\n]"),
        ("{% generation %}x{% endgeneration %}", "x"),
        ("{{ strftime_now('%Y') | length }}", "4"),
        ("{{ 'a{}c'.format('b') }}", "abc"),
        ("{{ 'a\nb' | indent(2) }}", "a\n  b"),
        ("{{ ['a', 'b'] | join('-') }}{{ '-'.join(['c']) }}", "a-bc"),
        ("{{ 'aXa' | replace('a', 'b') }}{{ 'aXa'.replace('a', 'c', 1) }}", "bXbcXa"),
        ("{{ [{'k': 1}] | join(attribute='k') }}", "1"),
        ("{{ 2 * 'ab' }}{{ 'ab'.upper() }}{{ 2 * [0] }}", "ababAB[0, 0]"),
        ("{{ 7 % 4 }}{{ 2 ** 3 }}{{ [1] + [2] }}{{ 1 ~ none ~ 'x' }}", "38[1, 2]1Nonex"),
        ("{{ '%s' | e }}{{ missing is defined }}", "%sFalse"),
        ("{% set x = [[1], {'a': (2,)}] %}{{ x[1].a[0] }}{{ dict(b=3).b }}{% set a, b = 4, 5 %}{{ a + b }}", "239"),
    ],
)
def test_the_dialect_of_chat_templates(source: str, expected: str) -> None:
    assert render(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        templates.GREEDY,
        templates.CURIOUS,
        templates.RAISING,
        templates.UNCLOSED,
        "{% set ns = namespace(x='a') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "{% set ns = namespace(x='a') %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set ns = namespace(x=7) %}{% for i in range(99) %}{% set ns.x = ns.x * ns.x %}{% endfor %}",
        *(
            "{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = " + more + " %}{% endfor %}{{ n.x }}"
            for more in ("[n.x, n.x]", "{1: n.x, 2: n.x}", "dict(a=n.x, b=n.x)", "n.x + [n.x]", "[n.x] * 2")
        ),
        "{{ 10 ** 10 ** 10 }}",
        "{{ 2 ** 65 }}",
        "{{ 'a' ** 2 }}",
        "{{ 10 ** 9 * 'a' }}",
        "{{ 10 ** 9 * [1] }}",
        "{{ '{:>1000000000}'.format(1) }}",
        "{{ '{:>{}}'.format(1, 10 ** 9) }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ 'a'.ljust(10 ** 9) }}",
        "{{ 'a'.zfill(10 ** 9) }}",
        "{{ 'a' | center(10 ** 9) }}",
        "{{ 'a' | format(10 ** 9) }}",
        "{{ ('a' * 10 ** 6).replace('a', 'b' * 10 ** 6) }}",
        "{{ ('a' * 10 ** 6) | replace('a', 'b' * 10 ** 6) }}",
        "{{ (',' * 10 ** 6).join(['a'] * 10 ** 5) }}",
        "{{ (['a'] * 10 ** 5) | join(',' * 10 ** 6) }}",
        "{% for a in range(10 ** 9) %}{% endfor %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% for i in range(9) %}{{ 'x' * 10 ** 7 }}{% endfor %}",
        "{% include '/etc/passwd' %}",
        "{{ messages.append(1) }}",
        "{{ self.__init__.__globals__ }}",
        "{{ lipsum(10 ** 6) }}",
        "{{ x" + "." * 2_000_000,
    ],
)
def test_what_grows_without_bound_or_reaches_out_is_refused(source: str) -> None:
    # For its size, or on a slow computer for its time, whichever comes first.
    with pytest.raises((TemplateError, TemplateSlowError)):
        render(source)


def test_a_template_without_end_is_stopped() -> None:
    with pytest.raises(TemplateSlowError):
        Template(templates.ENDLESS, seconds=QUICK).render([])


def test_a_template_that_writes_out_a_huge_list_is_stopped_or_refused() -> None:
    with pytest.raises((TemplateError, TemplateSlowError)):
        Template("{{ ([[1] * 99999] * 99) | tojson }}", seconds=QUICK).render([])


def test_the_next_rendering_is_not_hurt_by_one_that_was_stopped() -> None:
    template = Template(
        "{% if slow %}" + templates.ENDLESS + "{% endif %}{% for m in messages %}{{ m.content }}{% endfor %}", QUICK
    )
    with pytest.raises(TemplateSlowError):
        template.render([], slow=True)

    assert template.render([{"content": "quick"}], slow=False) == "quick"


def test_its_problem_has_words_for_a_person() -> None:
    with pytest.raises(TemplateError) as caught:
        render(templates.RAISING)

    words = in_words(as_desk_error(caught.value, "Some model").problem)

    assert "This template does not like you." in words.message
    assert "Some model" in in_words(as_desk_error(TemplateSlowError(), "Some model").problem).message


def test_json_is_what_json_says() -> None:
    value = {"text": 'quo"te', "list": [1, 2.5, None, True], "deep": {"ü": []}}

    assert json.loads(render("{{ v | tojson }}", v=value)) == value
