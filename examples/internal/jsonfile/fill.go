package jsonfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/cnpay-go/cnpay"
)

// Fill puts the object's members into dst, a pointer to a struct, by the names of its json tags, and returns everything
// that does not fit. A number may be written as text and text as a number. No fault repeats what is written: it may be
// a card number or a key.
func (o Object) Fill(dst any) []cnpay.Fault {
	return o.fill(reflect.ValueOf(dst).Elem(), "")
}

func (o Object) fill(dst reflect.Value, path string) (faults []cnpay.Fault) {
	fields := map[string][]int{}
	for _, f := range reflect.VisibleFields(dst.Type()) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.IsExported() && name != "" && name != "-" {
			fields[name] = f.Index
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if index, ok := fields[name]; ok {
			faults = append(faults, set(dst.FieldByIndex(index), o[name], path+name)...)
			continue
		}
		problem := "is not a name that is known here"
		for right := range fields {
			if strings.EqualFold(name, right) {
				problem = "is spelled " + right
			}
		}
		faults = append(faults, cnpay.Fault{Field: path + name, Problem: problem})
	}
	return faults
}

// set puts one value into dst.
func set(dst reflect.Value, value json.RawMessage, path string) []cnpay.Fault {
	kind := kindOf(value)
	fault := func(problem string) []cnpay.Fault { return []cnpay.Fault{{Field: path, Problem: problem}} }
	if kind == "null" {
		return fault("is null; leave it out, or give it a value")
	}
	var text string // of a scalar
	switch kind {
	case "text":
		if err := json.Unmarshal(value, &text); err != nil {
			return fault("cannot be read")
		}
	case "a number", "true or false":
		text = string(value)
	}
	if own, ok := dst.Addr().Interface().(json.Unmarshaler); ok {
		if own.UnmarshalJSON(value) != nil {
			return fault("cannot be read")
		}
		return nil
	}
	switch dst.Kind() {
	case reflect.Pointer:
		dst.Set(reflect.New(dst.Type().Elem()))
		return set(dst.Elem(), value, path)
	case reflect.Struct:
		if kind != anObject {
			return fault("must be " + anObject + ", and is " + kind)
		}
		var inner Object
		if json.Unmarshal(value, &inner) != nil {
			return fault("cannot be read")
		}
		return inner.fill(dst, path+".")
	case reflect.Slice:
		if kind != "a list" {
			return fault("must be a list, and is " + kind)
		}
		var items []json.RawMessage
		if json.Unmarshal(value, &items) != nil {
			return fault("cannot be read")
		}
		dst.Set(reflect.MakeSlice(dst.Type(), len(items), len(items)))
		var faults []cnpay.Fault
		for i, item := range items {
			faults = append(faults, set(dst.Index(i), item, fmt.Sprintf("%s[%d]", path, i))...)
		}
		return faults
	case reflect.String:
		switch {
		case kind != "text" && kind != "a number":
			return fault("must be text, and is " + kind)
		case kind == "a number" && strings.ContainsAny(text, "eE"):
			return fault("must be text, or a number without an exponent")
		}
		dst.SetString(text)
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, dst.Type().Bits())
		switch {
		case kind != "text" && kind != "a number":
			return fault("must be a whole number, and is " + kind)
		case errors.Is(err, strconv.ErrRange):
			return fault("is too large a number")
		case err != nil:
			return fault("must be a whole number")
		}
		dst.SetInt(n)
	case reflect.Bool:
		if text != "true" && text != "false" {
			return fault("must be true or false")
		}
		dst.SetBool(text == "true")
	default:
		if json.Unmarshal(value, dst.Addr().Interface()) != nil {
			return fault("cannot be read, being " + kind)
		}
	}
	return nil
}
