"""Simulators of others, as small as they can be: what they tell is counted, wrong or late as they are made."""

import math
import time

import mosaik_api_v3


class Steady(mosaik_api_v3.Simulator):
    """Tells in each step its hour times 10; `goes` says what it does otherwise at the 3rd step."""

    def __init__(self):
        super().__init__({"api_version": "3.0", "type": "time-based", "models": {
            "Load": {"public": True, "params": ["share"], "attrs": ["mw", "heard"]}}})

    def init(self, sid, time_resolution, goes="well", step_s=3600):
        self.goes, self.step_s = goes, step_s
        if goes == "events":
            self.meta["type"] = "event-based"
        if goes == "untyped":
            self.meta["type"] = "sometimes"
        return self.meta

    def create(self, num, model, share=1.0):
        self.share, self.told, self.heard = share, 0.0, 0.0
        if self.goes == "cannot":
            raise LookupError("no such share")
        if self.goes == "twins":
            return [{"eid": "one", "type": model}, {"eid": "two", "type": model}]
        more = {"children": [{"eid": "inner", "type": model}]} if self.goes == "parent" else {}
        return [{"eid": "one", "type": model, **more}]

    def step(self, now, inputs, max_advance):
        self.heard = sum(inputs.get("one", {}).get("heard", {"": 0.0}).values())
        third = now == 2 * self.step_s
        self.told = math.nan if third and self.goes == "nan" else self.share * (1000.0 + now / 360.0)
        if third and self.goes == "throws":
            raise ArithmeticError("does not converge")
        if third and self.goes == "silent":
            time.sleep(3)
        return now + (self.step_s // 2 if third and self.goes == "hurries" else self.step_s)

    def get_data(self, outputs):
        return {eid: {name: self.heard if name == "heard" else self.told for name in names}
                for eid, names in outputs.items()}

    def finalize(self):
        if self.goes == "ends":
            raise ArithmeticError("cannot end")


if __name__ == "__main__":
    mosaik_api_v3.start_simulation(Steady())
