# Runs the suite's own run-tests inside a machine that is there already: by itself it would start one. A line of the input
# is a directory of tests, the file for what it prints, and, if the log of every process is wanted, the folder for those.
# What takes long to load is loaded once; each directory then has a process of its own.
import gc, importlib, multiprocessing, os, runpy, signal, sys, types

for name in ("dbus.mainloop.glib", "gi.repository.GLib", "prettytable", "scapy.all", "termcolor", "unittest"):
    importlib.import_module(name)
# The suite hands what cannot be sent, such as its connection to the bus, to the processes of its tests.
multiprocessing.set_start_method("fork")
run_test = importlib.import_module("unittest").TestCase.run


def run_and_collect(test, result=None):
    # What a function held that waited in vain is in a cycle: until that is collected its daemon runs on, and the next
    # function cannot start its own.
    try:
        return run_test(test, result)
    finally:
        gc.collect()


importlib.import_module("unittest").TestCase.run = run_and_collect
tools = os.path.join(os.environ["testhome"], "tools")


def run(directory, output, logs):
    os.setsid()
    place = os.open(output, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    os.dup2(place, 1)
    os.dup2(place, 2)
    # Its options come as environment variables, as it passes them to itself.
    os.environ["autotests"] = directory
    if logs:
        os.environ["log"] = logs
    sys.path.insert(0, tools)
    import runner
    # There is no terminal to be controlled by.
    runner.fcntl = types.SimpleNamespace(ioctl=lambda *_: 0)
    runner.QemuRunner.prepare_environment = runner.RunnerAbstract.prepare_environment
    runner.QemuRunner.stop = lambda _: None
    sys.argv = ["run-tests"]
    runpy.run_path(os.path.join(tools, "run-tests"), run_name="__main__")
    sys.exit()


print("ready", flush=True)
for line in sys.stdin:
    directory, output, *logs = line.split()
    child = os.fork()
    if child == 0:
        run(directory, output, logs[0] if logs else None)
    os.waitpid(child, 0)
    try:
        os.killpg(child, signal.SIGKILL)
    except ProcessLookupError:
        pass
    print("ended", flush=True)
