"""A client of net.connman.iwd, written from its documentation: it prints each thing that it has done."""

import sys
import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

SERVICE = "net.connman.iwd"
interface, name, passphrase = sys.argv[1:4]
dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
bus = dbus.SystemBus()
loop = GLib.MainLoop()


class Agent(dbus.service.Object):
    @dbus.service.method(SERVICE + ".Agent", in_signature="", out_signature="")
    def Release(self):
        pass

    @dbus.service.method(SERVICE + ".Agent", in_signature="o", out_signature="s")
    def RequestPassphrase(self, network):
        print("agent asked")
        return passphrase

    @dbus.service.method(SERVICE + ".Agent", in_signature="s", out_signature="")
    def Cancel(self, reason):
        pass


def objects(wanted):
    manager = dbus.Interface(bus.get_object(SERVICE, "/"), "org.freedesktop.DBus.ObjectManager")
    found = manager.GetManagedObjects()
    return {path: all[wanted] for path, all in found.items() if wanted in all}


def proxy(path, what):
    return dbus.Interface(bus.get_object(SERVICE, path), SERVICE + "." + what)


def until(condition):
    """Lets the main loop run until something is so."""
    def look():
        if condition():
            loop.quit()
            return False
        return True
    if not condition():
        GLib.timeout_add(50, look)
        loop.run()


state = {}


def changed(of, values, gone, path=None):
    if of == SERVICE + ".Station":
        state.update(values)


bus.add_signal_receiver(changed, "PropertiesChanged", "org.freedesktop.DBus.Properties", SERVICE, path_keyword="path")

device = next(path for path, values in objects(SERVICE + ".Device").items() if values["Name"] == interface)
state.update(objects(SERVICE + ".Station")[device])
print("objects")

station = proxy(device, "Station")
try:
    station.Scan()
except dbus.DBusException as refused:
    # It scans by itself.
    assert refused.get_dbus_name() in (SERVICE + ".InProgress", SERVICE + ".Busy"), refused
print("scan")


def network():
    for path, signal in station.GetOrderedNetworks():
        assert signal < 0
        if objects(SERVICE + ".Network")[path]["Name"] == name:
            return path
    return None


until(lambda: not state["Scanning"] and network())
path = network()
print("ordered networks")

agent = Agent(bus, "/agent")
proxy("/net/connman/iwd", "AgentManager").RegisterAgent("/agent")
done = []
proxy(path, "Network").Connect(reply_handler=lambda: done.append(None), error_handler=done.append)
until(lambda: done)
assert done == [None], done
until(lambda: state["State"] == "connected")
assert state["ConnectedNetwork"] == path
print("connected")

GLib.timeout_add(3000, loop.quit)
loop.run()
station.Disconnect()
until(lambda: state["State"] == "disconnected")
print("disconnected")

known = objects(SERVICE + ".Network")[path]["KnownNetwork"]
properties = dbus.Interface(bus.get_object(SERVICE, known), "org.freedesktop.DBus.Properties")
properties.Set(SERVICE + ".KnownNetwork", "AutoConnect", False)
until(lambda: not objects(SERVICE + ".KnownNetwork")[known]["AutoConnect"])
print("autoconnect set")

proxy(path, "Network").Connect()
until(lambda: state["State"] == "connected")
print("connected again")

proxy(known, "KnownNetwork").Forget()
until(lambda: known not in objects(SERVICE + ".KnownNetwork"))
until(lambda: state["State"] == "disconnected")
print("forgotten")
