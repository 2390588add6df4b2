"""A street of three houses behind a transformer, as a circuit of OpenDSS, small enough for tests."""

CIRCUIT = """clear
set defaultbasefrequency=50
new circuit.street basekv=11 pu=1.02 bus1=source isc3=3000 isc1=2500
new transformer.t buses=(source lv) conns=(delta wye) kvs=(11 0.416) kvas=(250 250) xhl=4
new linecode.cable nphases=3 r1=0.3 x1=0.07 r0=1.1 x0=0.08 c1=0 c0=0 units=km normamps=150
new line.a bus1=lv bus2=b1 linecode=cable length=0.15 units=km
new line.b bus1=b1 bus2=b2 linecode=cable length=0.15 units=km
new line.c bus1=b2 bus2=b3 linecode=cable length=0.15 units=km
new loadshape.day npts=4 interval=6 mult=(0.3 0.5 1.0 2.0)
new load.h1 bus1=b1.1 phases=1 kv=0.24 kw=2 pf=0.95 daily=day
new load.h2 bus1=b2.2 phases=1 kv=0.24 kw=2 pf=0.95 daily=day
new load.h3 bus1=b3.3 phases=1 kv=0.24 kw=2 pf=0.95 daily=day
set voltagebases=[11 0.416]
calcvoltagebases
buscoords places.csv
solve
"""
PLACES = "source,0,0\nlv,10,0\nb1,160,20\nb2,310,40\nb3,460,60\n"
DISTRICT = ("{{name: {name}, feeder: '{feeder}', peak_scale: 1.0, v_max_pu: 1.1, series: {{own_profiles: true}}, "
            "zone_map: {{commercial: 0.34, office: 0.33, residential: 0.33}}, supply: {{declared_v: 230}}, "
            "connections: {{phases: {phases}}}, private: 6, taxi: 1}}")


def districts(folder, *named):
    master = folder / "Master.dss"
    master.write_text(CIRCUIT)
    (folder / "places.csv").write_text(PLACES)
    return "districts=[" + ", ".join(DISTRICT.format(name=name, feeder=master, phases=phases)
                                     for name, phases in named) + "]"
