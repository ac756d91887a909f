package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
)

// operation is a method of one of a client's services.
type operation struct {
	name    string // preauth.cancel
	method  reflect.Value
	request reflect.Type // a struct
	page    bool         // it makes a form for the payer's browser and sends nothing
	wants   []string     // what a request must have, with the condition if there is one
	cnpaytest.Operation
}

// operations are those of every service of a client: the methods func(ctx, *XRequest, ...Option) (*XResponse, error),
// and of Pages func(*XRequest) (*Form, error). What is new there is here without a line.
func operations(client cnpay.Settler, documented []cnpaytest.Operation) []operation {
	var all []operation
	services := reflect.ValueOf(client).Elem()
	for _, field := range reflect.VisibleFields(services.Type()) {
		if !field.IsExported() || field.Type.Kind() != reflect.Pointer {
			continue
		}
		service := services.FieldByIndex(field.Index)
		for i := range service.NumMethod() {
			o := operation{method: service.Method(i), name: lower(field.Name) + "." + lower(service.Type().Method(i).Name)}
			if !o.read() {
				continue
			}
			o.describe(client, documented)
			all = append(all, o)
		}
	}
	slices.SortFunc(all, func(a, b operation) int { return cmp.Compare(a.name, b.name) })
	return all
}

// read looks at the method's signature and reports whether it is an operation's.
func (o *operation) read() bool {
	t := o.method.Type()
	pointer := func(i int) bool { return t.In(i).Kind() == reflect.Pointer && t.In(i).Elem().Kind() == reflect.Struct }
	fails := func() bool { return t.NumOut() == 2 && t.Out(1) == reflect.TypeFor[error]() }
	switch {
	case t.NumIn() == 3 && t.IsVariadic() && t.In(0) == reflect.TypeFor[context.Context]() && pointer(1) &&
		t.In(2) == reflect.TypeFor[[]cnpay.Option]() && fails() && t.Out(0).Implements(reflect.TypeFor[cnpay.Result]()):
		o.request = t.In(1).Elem()
	case t.NumIn() == 1 && pointer(0) && fails() && t.Out(0) == reflect.TypeFor[*cnpay.Form]():
		o.request, o.page = t.In(0).Elem(), true
	default:
		return false
	}
	return true
}

// describe finds what the documents say, by the operation's ID in the ticket of an empty request, and what such a request
// lacks: what the client's configuration says is no part of it.
func (o *operation) describe(client cnpay.Settler, documented []cnpaytest.Operation) {
	ticket := reflect.ValueOf(client).MethodByName("Ticket")
	if !ticket.IsValid() || !reflect.PointerTo(o.request).Implements(ticket.Type().In(0)) {
		return
	}
	found := ticket.Call([]reflect.Value{reflect.New(o.request)})
	o.ID = found[0].Interface().(cnpay.Ticket).Operation
	err, _ := found[1].Interface().(error)
	if invalid := (*cnpay.InvalidRequestError)(nil); errors.As(err, &invalid) {
		for _, f := range invalid.Faults {
			o.wants = append(o.wants, f.Field+strings.TrimPrefix(f.Problem, "is required"))
		}
	}
	for _, d := range documented {
		if d.ID == o.ID {
			o.Operation = d
		}
	}
}

// call makes the call, or the form.
func (o *operation) call(ctx context.Context, request reflect.Value, opts []cnpay.Option) (cnpay.Result, *cnpay.Form, error) {
	if o.page {
		out := o.method.Call([]reflect.Value{request})
		form, _ := out[0].Interface().(*cnpay.Form)
		err, _ := out[1].Interface().(error)
		return nil, form, err
	}
	out := o.method.CallSlice([]reflect.Value{reflect.ValueOf(ctx), request, reflect.ValueOf(opts)})
	res, _ := out[0].Interface().(cnpay.Result)
	err, _ := out[1].Interface().(error)
	if out[0].IsNil() {
		res = nil
	}
	return res, nil, err
}

// find is the operation of that name, in any case.
func find(all []operation, name string) (operation, error) {
	var near []string
	for _, o := range all {
		if strings.EqualFold(o.name, name) {
			return o, nil
		}
		if service, _, _ := strings.Cut(name, "."); strings.HasPrefix(o.name, lower(service)+".") {
			near = append(near, o.name)
		}
	}
	if near != nil {
		return operation{}, fmt.Errorf("no operation %q; there are %s", name, strings.Join(near, ", "))
	}
	return operation{}, errors.New("no operation " + fmt.Sprintf("%q", name))
}

// lower writes a name as it is typed: Preauth is preauth, QR is qr, CreateQR is createQR.
func lower(name string) string {
	runes := []rune(name)
	for i, r := range runes {
		if !unicode.IsUpper(r) || i > 0 && i+1 < len(runes) && unicode.IsLower(runes[i+1]) {
			break
		}
		runes[i] = unicode.ToLower(r)
	}
	return string(runes)
}
