// Tells the health of an object as Argo CD and Flux do, with the interpreters that they use.
//
//	health lua SCRIPT < object.json       what Argo CD's Lua says: {"status": …, "message": …}
//	health cel EXPRESSIONS < object.json  what Flux's healthCheckExprs say: {"status": …}
//	health kstatus < object.json          what Flux and `helm --wait` say without any
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/runtime/cel"
	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

type verdict struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

func main() {
	found, err := health(os.Args[1], os.Args[2:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		panic(err)
	}
}

func health(engine string, files []string) (verdict, error) {
	object := &unstructured.Unstructured{}
	decoder := json.NewDecoder(os.Stdin)
	if err := decoder.Decode(object); err != nil {
		return verdict{}, err
	}
	switch engine {
	case "lua":
		return byLua(files[0], object)
	case "cel":
		return byCel(files[0], object)
	case "kstatus":
		return result(status.Compute(object))
	}
	return verdict{}, fmt.Errorf("no engine is called %q", engine)
}

func byCel(file string, object *unstructured.Unstructured) (verdict, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return verdict{}, err
	}
	var expressions kustomize.HealthCheckExpressions
	if err := yaml.UnmarshalStrict(text, &expressions); err != nil {
		return verdict{}, err
	}
	evaluator, err := cel.NewStatusEvaluator(&expressions)
	if err != nil {
		return verdict{}, err
	}
	return result(evaluator.Evaluate(context.Background(), object))
}

func result(found *status.Result, err error) (verdict, error) {
	if err != nil {
		return verdict{}, err
	}
	return verdict{Status: found.Status.String(), Message: found.Message}, nil
}

// The libraries that Argo CD opens for a health script, and no others.
func byLua(file string, object *unstructured.Unstructured) (verdict, error) {
	script, err := os.ReadFile(file)
	if err != nil {
		return verdict{}, err
	}
	machine := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer machine.Close()
	for name, open := range map[string]lua.LGFunction{
		lua.LoadLibName:   lua.OpenPackage,
		lua.BaseLibName:   lua.OpenBase,
		lua.TabLibName:    lua.OpenTable,
		lua.StringLibName: lua.OpenString,
	} {
		if err := machine.CallByParam(
			lua.P{Fn: machine.NewFunction(open), Protect: true}, lua.LString(name),
		); err != nil {
			return verdict{}, err
		}
	}
	machine.SetGlobal("obj", inLua(machine, object.Object))
	if err := machine.DoString(string(script)); err != nil {
		return verdict{}, err
	}
	answer, isTable := machine.Get(-1).(*lua.LTable)
	if !isTable {
		return verdict{}, fmt.Errorf("%s returns no table", file)
	}
	return verdict{
		Status:  lua.LVAsString(answer.RawGetString("status")),
		Message: lua.LVAsString(answer.RawGetString("message")),
	}, nil
}

func inLua(machine *lua.LState, value any) lua.LValue {
	switch known := value.(type) {
	case map[string]any:
		table := machine.NewTable()
		for key, part := range known {
			table.RawSetString(key, inLua(machine, part))
		}
		return table
	case []any:
		table := machine.NewTable()
		for _, part := range known {
			table.Append(inLua(machine, part))
		}
		return table
	case string:
		return lua.LString(known)
	case bool:
		return lua.LBool(known)
	case int64:
		return lua.LNumber(known)
	case float64:
		return lua.LNumber(known)
	}
	return lua.LNil
}
