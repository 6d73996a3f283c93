module example.com/articles

go 1.26

require github.com/jinzhu/gorm v1.9.16
