module example.com/acme/trap

go 1.99999999999999999999

require (

replace example.com/x => ../../../../etc
replace example.com/y =>
