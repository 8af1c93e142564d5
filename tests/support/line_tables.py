"""Prints the rows of tests/line_table_test.cpp: the line table of one function as this interpreter
compiles it, and the lines that it says its instructions have. Run it under each interpreter."""
import dis
import sys

#Lines that go on, back and far away; expressions of several lines; code that has no line.
SOURCE = '''

def work(items, limit):
    """Sums up."""
    total = 0
    for item in items:
        if item > limit:
            continue
        total += combine(item,
                         limit,
                         other=[x
                                for x in items])
    try:
        total = 1 / total
    except ZeroDivisionError as error:
        raise ValueError(
            "no") from error
    finally:
        print("end")
%s
    return total
''' % ("\n" * 300)


def lines_of(code):
    """[[first position, line or -1], ...]"""
    if not hasattr(code, "co_lines"):
        return [list(start) for start in dis.findlinestarts(code)]
    lines = []
    for begin, _, line in code.co_lines():
        line = -1 if line is None else line
        if not lines or lines[-1][1] != line:
            lines.append([begin, line])
    return lines


(code,) = [c for c in compile(SOURCE, "work.py", "exec").co_consts if hasattr(c, "co_code")]
table = code.co_linetable if hasattr(code, "co_lines") else code.co_lnotab
rows = ", ".join("{%d, %d}" % tuple(line) for line in lines_of(code))
print('    {"%d.%d",\n     "%s",\n     %d,\n     {%s}},' % (sys.version_info[:2] + (table.hex(), len(code.co_code), rows)))
